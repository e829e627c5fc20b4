/// The headers and notes of a guest's /proc/vmcore. This reader shares no code with the program
/// under test.
public struct CoreDump: Sendable {
  /// A range of the crashed kernel's memory.
  public struct Segment: Sendable, Hashable {
    /// The offset in the file.
    public let offset: UInt64
    /// The virtual address of its first byte.
    public let virtual: UInt64
    /// The physical address of its first byte.
    public let physical: UInt64
    /// The size in bytes.
    public let size: UInt64
  }

  /// The width of the headers in bits.
  public let width: Int
  /// The ranges of memory in the dump.
  public let segments: [Segment]
  /// The number of processors whose registers are in the dump.
  public let processorCount: Int
  /// The text of VMCOREINFO.
  public let information: String

  /// Parses the beginning of the file, which must include all notes.
  init(_ bytes: [UInt8]) throws {
    func number(_ offset: Int, _ size: Int) throws -> UInt64 {
      guard offset >= 0, offset + size <= bytes.count else {
        throw Failure("the dump ends at \(bytes.count), before \(offset + size)")
      }
      return (0..<size).reversed().reduce(0) { $0 << 8 | UInt64(bytes[offset + $1]) }
    }
    guard bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else {
      throw Failure("the dump starts with \(bytes.prefix(4)), not with an ELF header")
    }
    let isWide = try number(4, 1) == 2
    width = isWide ? 64 : 32
    let (type, machine) = (try number(16, 2), try number(18, 2))
    try expect(type == 4 && machine == 62, "no core file of x86_64: \(type), \(machine)")
    let word = isWide ? 8 : 4
    let table = Int(try number(isWide ? 32 : 28, word))
    let count = Int(try number(isWide ? 56 : 44, 2))
    var segments: [Segment] = []
    var notes: Range<Int>?
    for index in 0..<count {
      let base = table + index * (isWide ? 56 : 32)
      // type, [flags,] offset, virtual, physical, file size, memory size
      let fields = try (0..<5).map { try number(base + (isWide ? 8 : 4) + $0 * word, word) }
      if try number(base, 4) == 4 {
        try expect(notes == nil, "the dump has two segments of notes")
        notes = Int(fields[0])..<Int(fields[0] + fields[3])
      } else {
        segments.append(
          Segment(offset: fields[0], virtual: fields[1], physical: fields[2], size: fields[4]))
      }
    }
    self.segments = segments
    guard let notes else { throw Failure("the dump has no notes") }

    var processors = 0
    var information = ""
    var position = notes.lowerBound
    while position + 12 <= notes.upperBound {
      let nameSize = Int(try number(position, 4))
      let size = Int(try number(position + 4, 4))
      let kind = try number(position + 8, 4)
      let name = position + 12
      let start = name + (nameSize + 3) & ~3
      guard nameSize > 0, start + size <= bytes.count else { break }
      let text = String(decoding: bytes[name..<(name + nameSize - 1)], as: UTF8.self)
      if text == "CORE", kind == 1 { processors += 1 }
      if text == "VMCOREINFO" {
        information = String(decoding: bytes[start..<(start + size)], as: UTF8.self)
      }
      position = start + (size + 3) & ~3
    }
    processorCount = processors
    self.information = information
  }

  /// A value in VMCOREINFO, such as that of `BUILD-ID`.
  public func value(of key: String) throws -> String {
    let line = information.split(separator: "\n").first { $0.hasPrefix(key + "=") }
    guard let line else { throw Failure("VMCOREINFO has no \(key): \(information.prefix(200))") }
    return String(line.dropFirst(key.count + 1))
  }

  /// The offset in the file of the byte at the address `physical`.
  public func offset(of physical: UInt64) throws -> UInt64 {
    let segment = segments.first { $0.physical <= physical && physical < $0.physical + $0.size }
    guard let segment else {
      throw Failure("the dump does not have \(String(physical, radix: 16)): \(segments)")
    }
    return segment.offset + (physical - segment.physical)
  }
}

extension Guest {
  /// Reads the headers and notes of /proc/vmcore.
  public func coreDump() async throws -> CoreDump {
    try CoreDump(try await run("head -c 65536 /proc/vmcore").bytes)
  }

  /// Reads from the dump the page at a physical address of the crashed kernel.
  public func page(at physical: UInt64, of dump: CoreDump) async throws -> [UInt8] {
    let offset = try dump.offset(of: physical)
    try expect(offset % 4096 == 0, "\(physical) is at \(offset) in the dump, not at a page")
    return try await run("dd if=/proc/vmcore bs=4096 skip=\(offset / 4096) count=1 2>/dev/null")
      .bytes
  }
}
