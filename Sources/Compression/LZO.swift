internal import ByteCoding
internal import CZlib

/// What lzop writes: a header, and blocks of LZO1X. All numbers are big-endian.
internal enum LZO {
  static let magic: [UInt8] = [0x89, 0x4C, 0x5A, 0x4F, 0x00, 0x0D, 0x0A, 0x1A, 0x0A]

  /// lzop compresses 256 KiB at a time by default, and never more than this.
  private static let largestBlock: Int = .mebibytes(64)

  static func decode(
    _ input: UnsafeRawBufferPointer, _ output: inout Output
  ) throws(CompressionError) -> Int {
    var reader = unsafe BigEndianReader(input, from: magic.count, format: .lzo)
    let flags = try readHeader(&reader)
    while true {
      let blockOffset = reader.offset
      let size = try Int(reader.next(UInt32.self))
      if size == 0 { return reader.offset }
      let storedSize = try Int(reader.next(UInt32.self))
      guard size <= largestBlock, storedSize > 0, storedSize <= size else {
        throw .corrupt(.lzo, inputOffset: blockOffset)
      }
      let isStored = storedSize == size
      let adler = try flags.contains(.adlerOfOutput) ? reader.next(UInt32.self) : nil
      let crc = try flags.contains(.crcOfOutput) ? reader.next(UInt32.self) : nil
      let storedAdler =
        try flags.contains(.adlerOfInput) && !isStored ? reader.next(UInt32.self) : nil
      let storedCRC = try flags.contains(.crcOfInput) && !isStored ? reader.next(UInt32.self) : nil
      let stored = try unsafe reader.bytes(storedSize)
      guard unsafe matches(stored, adler: storedAdler, crc: storedCRC) else {
        throw .corrupt(.lzo, inputOffset: blockOffset)
      }

      try output.makeRoom(forBlock: size)
      let space = unsafe UnsafeMutableRawBufferPointer(rebasing: output.unfilled[..<size])
      if isStored {
        unsafe space.copyMemory(from: stored)
      } else if unsafe !LZO1X.decode(stored, into: space) {
        throw .corrupt(.lzo, inputOffset: blockOffset)
      }
      guard unsafe matches(UnsafeRawBufferPointer(space), adler: adler, crc: crc) else {
        throw .corrupt(.lzo, inputOffset: blockOffset)
      }
      unsafe output.fill(size)
      try output.checkLimit()
    }
  }

  /// Reads the header after the magic number and returns its flags.
  private static func readHeader(
    _ reader: inout BigEndianReader
  ) throws(CompressionError) -> Flags {
    let start = reader.offset
    let version = try reader.next(UInt16.self)
    _ = try reader.next(UInt16.self)  // The version of the library.
    let isNewer = version >= 0x0940
    if isNewer { _ = try reader.next(UInt16.self) }  // The version needed for extracting.
    let method = try reader.next(UInt8.self)
    if isNewer { _ = try reader.next(UInt8.self) }  // The level.
    let flags = Flags(rawValue: try reader.next(UInt32.self))
    // LZO1X-1, LZO1X-1(15) and LZO1X-999 differ for the compressor only.
    guard (1...3).contains(method), flags.isDisjoint(with: [.filter, .extraField]) else {
      throw .unsupported(.lzo, inputOffset: start)
    }
    _ = try reader.next(UInt32.self)  // The file's mode.
    _ = try reader.next(UInt32.self)  // Its time of modification,
    if isNewer { _ = try reader.next(UInt32.self) }  // and the higher half of that.
    _ = try unsafe reader.bytes(Int(reader.next(UInt8.self)))  // Its name.

    let header = unsafe reader.bytes(since: start)
    let checksum = try reader.next(UInt32.self)
    let isCRC = flags.contains(.crcOfHeader)
    guard unsafe matches(header, adler: isCRC ? nil : checksum, crc: isCRC ? checksum : nil) else {
      throw .corrupt(.lzo, inputOffset: start)
    }
    return flags
  }

  /// Whether the checksums are right, if there are any.
  private static func matches(
    _ bytes: UnsafeRawBufferPointer, adler: UInt32?, crc: UInt32?
  ) -> Bool {
    if let adler, unsafe adler32_z(1, bytes.asInput, bytes.count) != UInt(adler) { return false }
    if let crc, unsafe crc32_z(0, bytes.asInput, bytes.count) != UInt(crc) { return false }
    return true
  }

  private struct Flags: OptionSet {
    let rawValue: UInt32

    static let adlerOfOutput = Flags(rawValue: 0x1)
    static let adlerOfInput = Flags(rawValue: 0x2)
    static let extraField = Flags(rawValue: 0x40)
    static let crcOfOutput = Flags(rawValue: 0x100)
    static let crcOfInput = Flags(rawValue: 0x200)
    static let filter = Flags(rawValue: 0x800)
    static let crcOfHeader = Flags(rawValue: 0x1000)
  }
}
