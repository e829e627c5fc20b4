internal import ELFFormat
internal import ByteCoding

/// A multiboot header of either version.
struct MultibootHeader {
  /// Where the header is in the file.
  let offset: Int
  private(set) var wantsVideoMode = false
  /// Where the file's bytes go; nil if an ELF header tells that.
  private(set) var addresses: Addresses?
  private(set) var entry: UInt32?
  private(set) var relocation: MultibootKernel.Relocation?

  /// The address fields, for files that are not ELF files.
  struct Addresses {
    /// Where the header is in the file, and where its address fields are.
    let headerOffset: Int
    let fields: Int
    /// Where the header goes.
    let header: UInt32
    let loadStart: UInt32
    /// 0 for the whole file.
    let loadEnd: UInt32
    /// 0 for no zeros behind the file's bytes.
    let zeroEnd: UInt32
  }
}

// MARK: Multiboot 1

extension MultibootHeader {
  /// Offsets in the header.
  private enum Layout1 {
    static let magic = Field<UInt32>(0x00)
    static let magicValue: UInt32 = 0x1BAD_B002
    static let flags = Field<UInt32>(0x04)
    static let checksum = Field<UInt32>(0x08)
    static let headerAddress = Field<UInt32>(0x0C)
    static let loadAddress = Field<UInt32>(0x10)
    static let loadEndAddress = Field<UInt32>(0x14)
    static let bssEndAddress = Field<UInt32>(0x18)
    static let entryAddress = Field<UInt32>(0x1C)
    /// "The header must be contained completely within the first 8192 bytes of the image".
    static let searchLimit = 8192
    static let alignedModules: UInt32 = 1 << 0
    static let memoryInformation: UInt32 = 1 << 1
    static let videoMode: UInt32 = 1 << 2
    static let addressFields: UInt32 = 1 << 16
  }

  /// Finds the header of multiboot 1 in `file`; nil when there is none.
  init?(multiboot1 file: RawSpan) throws(ImageError) {
    guard
      let offset = file.offset(
        ofHeader: Layout1.magicValue, words: 3, alignment: 4, limit: Layout1.searchLimit)
    else { return nil }
    self.offset = offset
    let flags = try file.value(Layout1.flags, base: offset)
    // "Bits 0-15: if the boot loader sees any that it does not understand, it must fail".
    let known = Layout1.alignedModules | Layout1.memoryInformation | Layout1.videoMode
    guard (flags & 0xFFFF & ~known) == 0 else {
      throw .badField(
        name: "flags", offset: offset + Layout1.flags.offset, found: UInt64(flags),
        wanted: .knownFlags)
    }
    wantsVideoMode = (flags & Layout1.videoMode) != 0
    // Many kernels have an ELF header too, which is more precise and takes precedence.
    guard (flags & Layout1.addressFields) != 0, !ELFHeaders.isRecognised(in: file) else { return }
    addresses = Addresses(
      headerOffset: offset, fields: offset + Layout1.headerAddress.offset,
      header: try file.value(Layout1.headerAddress, base: offset),
      loadStart: try file.value(Layout1.loadAddress, base: offset),
      loadEnd: try file.value(Layout1.loadEndAddress, base: offset),
      zeroEnd: try file.value(Layout1.bssEndAddress, base: offset))
    entry = try file.value(Layout1.entryAddress, base: offset)
  }
}

// MARK: Multiboot 2

extension MultibootHeader {
  /// Offsets in the header and in its tags.
  private enum Layout2 {
    static let magicValue: UInt32 = 0xE852_50D6
    static let architecture = Field<UInt32>(0x04)
    static let headerLength = Field<UInt32>(0x08)
    /// Bytes before the first tag.
    static let size = 16
    /// "The header must be contained completely within the first 32768 bytes of the image".
    static let searchLimit = 32768

    static let tagType = Field<UInt16>(0)
    static let tagFlags = Field<UInt16>(2)
    static let optional: UInt16 = 1 << 0
    static let tagSize = Field<UInt32>(4)
    /// Bytes of a tag before its words.
    static let tagHeaderSize = 8
    /// Tags start at multiples of this.
    static let tagAlignment = 8
    static func word(_ index: Int) -> Field<UInt32> { Field(tagHeaderSize + 4 * index) }
    /// The value of `architecture` for the protected mode of i386.
    static let i386: UInt32 = 0
    /// The preference of a tag `relocatable`: as low as possible.
    static let prefersLow: UInt32 = 1
    /// The last kind of information that the specification knows: the load base address.
    static let lastInformation: UInt32 = 21
  }

  /// The types of tags.
  private enum Tag {
    static let end: UInt16 = 0
    static let informationRequest: UInt16 = 1
    static let address: UInt16 = 2
    static let entryAddress: UInt16 = 3
    static let consoleFlags: UInt16 = 4
    static let framebuffer: UInt16 = 5
    static let moduleAlignment: UInt16 = 6
    static let efiBootServices: UInt16 = 7
    static let efi32Entry: UInt16 = 8
    static let efi64Entry: UInt16 = 9
    static let relocatable: UInt16 = 10
  }

  /// Finds the header of multiboot 2 in `file`; nil when there is none.
  init?(multiboot2 file: RawSpan) throws(ImageError) {
    guard
      let offset = file.offset(
        ofHeader: Layout2.magicValue, words: 4, alignment: 8, limit: Layout2.searchLimit)
    else { return nil }
    self.offset = offset
    let architecture = try file.value(Layout2.architecture, base: offset)
    guard architecture == Layout2.i386 else {
      throw .badField(
        name: "architecture", offset: offset + Layout2.architecture.offset,
        found: UInt64(architecture), wanted: .i386)
    }
    let length = Int(try file.value(Layout2.headerLength, base: offset))
    guard length <= file.byteCount - offset else {
      throw .truncated(
        missing: .multibootHeader, needs: offset + length, has: file.byteCount)
    }
    var position = offset + Layout2.size
    while position < offset + length {
      let size = Int(try file.value(Layout2.tagSize, base: position))
      guard size >= Layout2.tagHeaderSize, size <= offset + length - position else {
        throw .badField(
          name: "tag size", offset: position + Layout2.tagSize.offset, found: UInt64(size),
          wanted: .tagSize)
      }
      let type = try file.value(Layout2.tagType, base: position)
      if type == Tag.end { break }
      try read(type, at: position, size: size, in: file)
      position += size.roundedUp(to: Layout2.tagAlignment)
    }
  }

  private mutating func read(
    _ type: UInt16, at position: Int, size: Int, in file: RawSpan
  ) throws(ImageError) {
    func word(_ index: Int) throws(ImageError) -> UInt32 {
      let field = Layout2.word(index)
      guard field.end <= size else {
        throw .badField(
          name: "tag size", offset: position + Layout2.tagSize.offset, found: UInt64(size),
          wanted: .tagSize)
      }
      return try file.value(field, base: position)
    }
    switch type {
    case Tag.address:
      addresses = Addresses(
        headerOffset: offset, fields: position + Layout2.tagHeaderSize, header: try word(0),
        loadStart: try word(1),
        loadEnd: try word(2), zeroEnd: try word(3))
    case Tag.entryAddress: entry = try word(0)
    case Tag.framebuffer: wantsVideoMode = true
    case Tag.relocatable:
      let alignment = UInt64(try word(2))
      guard alignment.isZeroOrPowerOfTwo else {
        throw .badField(
          name: "align", offset: position + Layout2.word(2).offset, found: alignment,
          wanted: .powerOfTwo)
      }
      relocation = .init(
        lowest: UInt64(try word(0)), end: UInt64(try word(1)) + 1, alignment: max(alignment, 1),
        prefersLow: try word(3) == Layout2.prefersLow)
    case Tag.informationRequest: try checkRequest(at: position, size: size, in: file)
    // The flags of a console and other entries for EFI make no difference here, and modules are page-aligned
    // anyway.
    case Tag.moduleAlignment, Tag.consoleFlags, Tag.efiBootServices, Tag.efi32Entry, Tag.efi64Entry:
      break
    default:
      guard try isOptional(tagAt: position, in: file) else {
        throw .badField(
          name: "tag type", offset: position, found: UInt64(type), wanted: .knownTag)
      }
    }
  }

  /// Whether the request of the tag at `position` is optional: bit 0 of its flags.
  private func isOptional(tagAt position: Int, in file: RawSpan) throws(ImageError) -> Bool {
    (try file.value(Layout2.tagFlags, base: position) & Layout2.optional) != 0
  }

  /// The kinds of information that a kernel asks for must be known, unless the tag is optional.
  private func checkRequest(
    at position: Int, size: Int, in file: RawSpan
  ) throws(ImageError) {
    let isOptional = try isOptional(tagAt: position, in: file)
    for index in 0..<((size - Layout2.tagHeaderSize) / 4) {
      let kind = try file.value(Layout2.word(index), base: position)
      guard isOptional || kind <= Layout2.lastInformation else {
        throw .badField(
          name: "requested tag", offset: position + Layout2.word(index).offset,
          found: UInt64(kind), wanted: .knownTag)
      }
    }
  }
}

// MARK: Both

extension MultibootHeader.Addresses {
  /// The part of a file of `size` bytes that the fields describe.
  func part(ofFile size: Int) throws(ImageError) -> LoadedPart {
    func bad(_ name: String, _ index: Int, _ found: UInt32) -> ImageError {
      .badField(
        name: name, offset: fields + 4 * index, found: UInt64(found), wanted: .orderedAddress)
    }
    // A load address of all ones means the start of the file.
    let distance = loadStart == .max ? headerOffset : Int(header) - Int(loadStart)
    guard distance >= 0, distance <= headerOffset, Int(header) >= distance else {
      throw bad("load_addr", 1, loadStart)
    }
    let start = Int(header) - distance
    let offset = headerOffset - distance
    let end = loadEnd == 0 ? start + size - offset : Int(loadEnd)
    guard end > start else { throw bad("load_end_addr", 2, loadEnd) }
    guard end - start <= size - offset else {
      throw .truncated(missing: .loadedPart(0), needs: offset + end - start, has: size)
    }
    let zeros = zeroEnd == 0 ? end : Int(zeroEnd)
    guard zeros >= end else { throw bad("bss_end_addr", 3, zeroEnd) }
    return LoadedPart(
      fileOffset: offset, fileSize: end - start, physicalAddress: UInt64(start),
      memorySize: UInt64(zeros - start))
  }
}

extension RawSpan {
  /// Where a header starts. Its first word is `magic`, and its first `words` words, the last of which is a
  /// checksum, add up to zero.
  fileprivate func offset(
    ofHeader magic: UInt32, words: Int, alignment: Int, limit: Int
  ) -> Int? {
    stride(from: 0, to: min(byteCount, limit), by: alignment).first { offset in
      guard (try? load(UInt32.self, at: offset)) == magic else { return false }
      var sum: UInt32 = 0
      for index in 0..<words {
        guard let word = try? load(UInt32.self, at: offset + 4 * index) else { return false }
        sum &+= word
      }
      return sum == 0
    }
  }

  fileprivate func value<Value>(
    _ field: Field<Value>, base: Int
  ) throws(ImageError) -> Value {
    do {
      return try load(field, base: base)
    } catch {
      throw .truncated(missing: .multibootHeader, needs: base + field.end, has: byteCount)
    }
  }
}
