internal import ByteCoding
internal import LinuxSystem

/// A node of extra data that the running kernel was given at boot.
///
/// Documented in Documentation/ABI/testing/sysfs-kernel-boot_params; what the types mean, in
/// Documentation/arch/x86/boot.rst.
package struct SetupDataNode: Equatable, Sendable {
  /// The type, without the bit that says that the data lay elsewhere.
  package let type: UInt32
  /// The data.
  package let data: [UInt8]

  /// A node.
  package init(type: UInt32, data: [UInt8]) {
    self.type = type
    self.data = data
  }

  /// The bit of a type whose data lie elsewhere. SETUP_INDIRECT.
  private static let indirect: UInt32 = 1 << 31
  /// The most bytes of a node that are read.
  private static let limit = Int.mebibytes(1)

  /// Reads `/sys/kernel/boot_params/setup_data`, which is not there when there are no nodes.
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
