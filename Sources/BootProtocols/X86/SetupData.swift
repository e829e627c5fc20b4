internal import ByteCoding

/// One node of the list that setup_header.setup_data points to.
///
/// Documented in Documentation/arch/x86/boot.rst, "setup_data".
package struct SetupData: Equatable, Sendable {
  /// What a node holds.
  package enum Kind: UInt32, Sendable {
    /// e820 entries beyond those in boot_params. SETUP_E820_EXT.
    case e820Extension = 1
    /// A flattened device tree. SETUP_DTB.
    case deviceTree = 2
    /// EFI tables for a kernel that was not started by firmware. SETUP_EFI.
    case efi = 4
    /// What an Apple computer's firmware says of its devices. SETUP_APPLE_PROPERTIES.
    case appleProperties = 5
    /// That this is a cell of the Jailhouse hypervisor. SETUP_JAILHOUSE.
    case jailhouse = 6
    /// Where the secrets page of an SEV-SNP guest is. SETUP_CC_BLOB.
    case confidentialComputing = 7
    /// Random bytes for the kernel's generator. SETUP_RNG_SEED, since 6.0.
    case randomSeed = 9

    /// Whether it is information of firmware or a hypervisor about the machine, which the next kernel needs
    /// too. The other nodes are made anew, or were for the running kernel only.
    package var isForwarded: Bool {
      switch self {
      case .deviceTree, .appleProperties, .jailhouse, .confidentialComputing: true
      case .e820Extension, .efi, .randomSeed: false
      }
    }
  }

  /// The bit of a type whose data are elsewhere. SETUP_INDIRECT.
  package static let indirect: UInt32 = 1 << 31

  /// Bytes before the payload: u64 next, u32 type, u32 length.
  static let headerSize = 16

  /// What the node holds.
  package let kind: Kind
  /// The payload.
  package let payload: [UInt8]

  /// A node of `kind` with `payload`.
  package init(_ kind: Kind, _ payload: [UInt8]) {
    self.kind = kind
    self.payload = payload
  }

  /// The node's bytes; `next` is the physical address of the node after it, 0 for the last.
  func encode(next: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: next)
    bytes.append(littleEndian: kind.rawValue)
    bytes.append(littleEndian: UInt32(payload.count))
    return bytes + payload
  }
}
