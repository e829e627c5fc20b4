internal import ByteCoding
internal import LinuxSystem

/// The running kernel's memory by its virtual addresses, as root sees it in `/proc/kcore`.
///
/// The file is an ELF core dump, described in Documentation/filesystems/proc.rst. Lockdown for
/// confidentiality closes it.
struct KernelMemory {
  private static let path = "/proc/kcore"

  private struct Part {
    let start: UInt64
    let byteCount: UInt64
    let offset: UInt64
  }

  private let files: FileTree
  private let parts: [Part]

  /// Opens the memory; nil when it cannot be read.
  init?(in files: FileTree) {
    guard let header = try? files.read(Self.path, at: 0, count: 64), header.count == 64,
      // ELF, 64 bits, little-endian.
      Array(header[0..<6]) == [0x7F, 0x45, 0x4C, 0x46, 2, 1]
    else { return nil }
    let size = Int(header.loadField(Field<UInt16>(0x36)))
    let count = Int(header.loadField(Field<UInt16>(0x38)))
    guard size == 56,
      let table = try? files.read(
        Self.path, at: header.loadField(Field<UInt64>(0x20)), count: size * count)
    else { return nil }
    self.files = files
    parts = stride(from: 0, to: table.count - table.count % size, by: size).compactMap { start in
      let entry = Array(table[start..<(start + size)])
      guard entry.loadField(Field<UInt32>(0)) == 1 else { return nil }  // PT_LOAD
      return Part(
        start: entry.loadField(Field<UInt64>(16)), byteCount: entry.loadField(Field<UInt64>(32)),
        offset: entry.loadField(Field<UInt64>(8)))
    }
  }

  /// The `count` bytes at `address`; nil when they are not there.
  func bytes(at address: UInt64, count: Int) -> [UInt8]? {
    for part in parts where address >= part.start && address - part.start < part.byteCount {
      let (offset, overflow) = part.offset.addingReportingOverflow(address - part.start)
      guard !overflow, let bytes = try? files.read(Self.path, at: offset, count: count),
        bytes.count == count
      else { return nil }
      return bytes
    }
    return nil
  }

  /// The terminated text at `address`; nil when it is not there, longer than 4096 bytes or not
  /// ASCII.
  func text(at address: UInt64) -> String? {
    var text: [UInt8] = []
    // In small steps: what follows the text may be nobody's memory.
    while text.count < 4096 {
      guard let part = bytes(at: address &+ UInt64(text.count), count: 32) else { return nil }
      let end = part.firstIndex(of: 0)
      text += part[..<(end ?? part.count)]
      guard text.allSatisfy({ $0 < 0x80 }) else { return nil }
      if end != nil { return String(decoding: text, as: UTF8.self) }
    }
    return nil
  }
}
