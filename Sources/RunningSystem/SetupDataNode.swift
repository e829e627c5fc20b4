internal import ByteCoding
internal import LinuxSystem

/// A setup_data node that the running kernel got at boot.
///
/// Documented in Documentation/ABI/testing/sysfs-kernel-boot_params; what the types mean, in
/// Documentation/arch/x86/boot.rst.
package struct SetupDataNode: Equatable, Sendable {
  /// The type, without the bit SETUP_INDIRECT.
  package let type: UInt32
  /// The data.
  package let data: [UInt8]

  /// A node.
  package init(type: UInt32, data: [UInt8]) {
    self.type = type
    self.data = data
  }

  /// The bit of a type whose data are elsewhere. SETUP_INDIRECT.
  private static let indirect: UInt32 = 1 << 31
  /// The most bytes of a node that are read.
  private static let limit = Int.mebibytes(1)

  /// Reads `/sys/kernel/boot_params/setup_data`, which does not exist when there are no nodes.
  static func all(in files: FileTree) -> [SetupDataNode] {
    let directory = "/sys/kernel/boot_params/setup_data"
    return (files.numberedNames(in: directory) ?? []).compactMap { number in
      guard let type = files.number("\(directory)/\(number)/type"),
        let data = try? files.read("\(directory)/\(number)/data", atMost: limit)
      else { return nil }
      return SetupDataNode(type: UInt32(truncatingIfNeeded: type) & ~indirect, data: data)
    }
  }
}
