internal import ByteCoding

/// The information for an ELF kernel that is not Linux: notes with the loader's name, its version and the
/// command line. Documented in the "ELF Boot Proposal", which Etherboot and its successors follow.
package struct ELFBootNotes: Sendable {
  /// The command line, without its terminator.
  package let commandLine: [UInt8]

  /// Notes with `commandLine`.
  package init(commandLine: [UInt8]) {
    self.commandLine = commandLine
  }

  private static let magic: UInt32 = 0x0E1F_B007
  /// Bytes of the whole block.
  private static let sizeField = Field<UInt32>(4)
  private static let checksumField = Field<UInt16>(8)
  private static let loaderName: UInt32 = 2
  private static let loaderVersion: UInt32 = 3
  private static let commandLineType: UInt32 = 4

  /// Bytes of stack below the two words that a 32-bit kernel finds on it.
  private static let stackSize = 4096

  /// The initial stack pointer of a 32-bit kernel: at a return address of 0, with the address of the notes
  /// above it.
  package static let stackOffset = stackSize
  /// Where the notes start: behind the stack.
  package static let notesOffset = stackSize + 16

  /// A stack with its two words, and the notes, for physical address `base`.
  package func encode(at base: UInt64) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.notesOffset)
    let notes = base &+ UInt64(Self.notesOffset)
    bytes.store(
      UInt32(truncatingIfNeeded: notes), as: Field(Self.stackOffset + 4))
    return bytes + block
  }

  private var block: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: Self.magic)
    bytes.append(littleEndian: UInt32(0))  // size
    bytes.append(littleEndian: UInt16(0))  // checksum
    bytes.append(littleEndian: UInt16(3))  // how many notes
    for (type, text) in [
      (Self.loaderName, Array("kexec".utf8)), (Self.loaderVersion, Array("1".utf8)),
      (Self.commandLineType, commandLine),
    ] {
      let content = text + [0]
      bytes.append(littleEndian: UInt32(0))  // no name
      bytes.append(littleEndian: UInt32(content.count))
      bytes.append(littleEndian: type)
      bytes += content + [UInt8](repeating: 0, count: -content.count & 3)
    }
    bytes.store(UInt32(bytes.count), as: Self.sizeField)
    bytes.store(Self.checksum(of: bytes), as: Self.checksumField)
    return bytes
  }

  /// The checksum of IP (RFC 1071) over `bytes`, in which the checksum's field is 0.
  private static func checksum(of bytes: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for index in stride(from: 0, to: bytes.count, by: 2) {
      let high = index + 1 < bytes.count ? UInt32(bytes[index + 1]) << 8 : 0
      sum += UInt32(bytes[index]) | high
      sum = (sum & 0xFFFF) + (sum >> 16)
    }
    return ~UInt16(truncatingIfNeeded: sum)
  }
}
