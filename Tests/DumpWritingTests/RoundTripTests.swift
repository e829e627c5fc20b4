import ByteCoding
import Compression
import CrashDumps
import TestSupport
import Testing

@testable import DumpWriting

/// What is written is what is read again.
@Suite struct RoundTripTests {
  @Test(
    "Every page that belongs into a dump is in it, and no other, at all levels",
    arguments: WrittenMemory.formats)
  func allPagesAreWritten(format: DumpFileFormat) throws {
    for level: UInt8 in [0, 1, 2, 4, 8, 16, 30, 31] {
      let output = MemoryOutput()
      let image = try WrittenMemory.image()
      let written = try WrittenMemory.write(image, level: level, format, to: output)
      #expect(written.unreadablePages == 0 && written.unreadable == [])
      #expect(written.leftOutPerCPU == (level & 16 != 0 ? 3 : 0))
      #expect(UInt64(output.bytes.count) == written.byteCount)
      try WrittenMemory.expectPages(output.file, level: level)
      WrittenMemory.expectHashes(written, of: output.bytes)
      let dump = try CrashImage(output.file)
      #expect(!dump.format.isMarkedIncomplete && dump.format.missingByteCount == 0)
      if case .compressed(let compression) = format {
        let layout = DumpFormat.Layout.compressed(
          compression, level: UInt32(level), isSplit: false)
        #expect(dump.format.layout == layout)
        let kept = (0..<2048).filter { !WrittenMemory.isExcluded($0, level: level) }.count
        #expect(Int(written.storedPages + written.zeroPages + written.sharedPages) == kept)
      }
    }
  }

  @Test("Free pages of processors stay if that is asked for")
  func perCPUPagesStay() throws {
    let output = MemoryOutput()
    let written = try WrittenMemory.write(try WrittenMemory.image(), to: output) {
      $0.leavesOutPerCPU = false
    }
    #expect(written.leftOutPerCPU == 0)
    let dump = try CrashImage(output.file)
    for frame in 0x3E0..<0x3E3 {
      let page = try dump.pages(from: UInt64(frame), count: 1).array
      let isRight = page == WrittenMemory.page(frame)
      #expect(isRight)
    }
  }

  @Test("Equal pages share their data, and pages of zeros another page")
  func equalPagesShareData() throws {
    for compression: PageCompression? in [.zstd, .zlib, nil] {
      let output = MemoryOutput()
      let written = try WrittenMemory.write(
        try WrittenMemory.image(), level: 0, .compressed(compression), to: output)
      // Of the pages of one byte there are 80, and the first has data.
      #expect(written.sharedPages >= 79)
      #expect(written.zeroPages > 1500)
      let space = 4096 * (written.storedPages + 1)
      #expect(written.byteCount < space + 24 * 2048 + 6 * 4096)
    }
  }

  @Test("Any number of threads writes the same file")
  func threadsDoNotMatter() throws {
    var builder = WrittenMemory.builder
    var random = SplitMix(seed: 3)
    // Of few letters, and of different sizes when they are compressed: how zstd packs one depends on the one before.
    for frame in 0x400..<0x800 {
      let bytes = random.bytes(64 + Int(random.next() % 2500)).map { $0 & 15 }
      builder.memory.store(bytes, at: 4096 * frame + Int(random.next() % 1500))
    }
    // Equal ones close to each other, and far apart.
    for frame in [0x401, 0x402, 0x480, 0x7FF] {
      builder.memory.store(WrittenMemory.page(0x100), at: 4096 * frame)
    }
    var files: [[UInt8]] = []
    for threads in [1, 2, 3, 8] {
      let output = MemoryOutput()
      let image = try WrittenMemory.image(builder)
      let written = try WrittenMemory.write(image, level: 0, to: output) { $0.threads = threads }
      #expect(written.sharedPages >= 4)
      files.append(output.bytes)
    }
    try WrittenMemory.expectPages(MemoryOutput(files[0]).file, level: 0, of: builder)
    let areSame = files.allSatisfy { $0 == files[0] }
    #expect(areSame)
  }

  @Test("A target that has other bytes gets the same file", arguments: WrittenMemory.formats)
  func targetsMayHaveOtherBytes(format: DumpFileFormat) throws {
    let fresh = MemoryOutput()
    let written = try WrittenMemory.write(try WrittenMemory.image(), format, to: fresh)
    let device = MemoryOutput([UInt8](repeating: 0xA5, count: fresh.bytes.count + 10_000))
    try WrittenMemory.write(try WrittenMemory.image(), format, to: device) { $0.isBlank = false }
    let isSame = Array(device.bytes[..<fresh.bytes.count]) == fresh.bytes
    let isRestKept = device.bytes[Int(written.byteCount)...].allSatisfy { $0 == 0xA5 }
    #expect(isSame && isRestKept)
  }

  @Test("RAM that begins and ends inside a page is filled with zeros", arguments: [0, 31])
  func partialPagesAreFilled(level: UInt8) throws {
    for format in WrittenMemory.formats {
      var builder = WrittenMemory.builder
      builder.ranges = [0..<0x10_0C00, 0x10_1400..<0x80_0000]
      let output = MemoryOutput()
      let written = try WrittenMemory.write(
        try WrittenMemory.image(builder), level: level, format, to: output)
      #expect(written.unreadablePages == 0)
      let dump = try CrashImage(output.file)
      let first = try dump.pages(from: 0x100, count: 1).array
      let page = WrittenMemory.page(0x100)
      let isFirstRight = first == Array(page[..<0xC00]) + [UInt8](repeating: 0, count: 0x400)
      #expect(isFirstRight)
      let second = try dump.pages(from: 0x101, count: 1).array
      let other = [UInt8](repeating: 0, count: 0x400) + WrittenMemory.page(0x101)[0x400...]
      let isSecondRight = second == other
      #expect(isSecondRight)
    }
  }

  @Test("A dump of a dump has what both have", arguments: WrittenMemory.formats)
  func dumpsAreConverted(format: DumpFileFormat) throws {
    for first in WrittenMemory.formats {
      let (source, output) = (MemoryOutput(), MemoryOutput())
      // In an ELF file pages of zeros could not be told from others that are left out.
      let level: UInt8 = first == .elf ? 16 : 17
      try WrittenMemory.write(try WrittenMemory.image(), level: level, first, to: source)
      let image = try CrashImage(source.file)
      let written = try WrittenMemory.write(image, level: 31, format, to: output)
      #expect(written.unreadablePages == 0)
      let dump = try CrashImage(output.file)
      for frame in 0..<2048 {
        let page = WrittenMemory.page(frame)
        if format == .elf, page.allSatisfy({ $0 == 0 }) { continue }
        let read = try? dump.pages(from: UInt64(frame), count: 1).array
        let isExcluded = WrittenMemory.isExcluded(frame, level: 31)
        let isRight = read == (isExcluded ? nil : page)
        #expect(isRight, "\(frame)")
      }
    }
  }

  @Test("Without VMCOREINFO in a note, the dump gets one with what was found in memory")
  func foundInformationBecomesANote() throws {
    for format in WrittenMemory.formats {
      var builder = WrittenMemory.builder
      builder.hasNote = false
      builder.storeInformation(at: 0x10_5000)
      let image = try WrittenMemory.image(builder)
      #expect(image.informationOrigin == .memory(0x10_5000))
      let output = MemoryOutput()
      try WrittenMemory.write(image, format, to: output)
      let dump = try CrashImage(output.file)
      #expect(dump.informationOrigin == .note)
      #expect(dump.information.text == image.information.text)
      #expect(dump.processorCount == 2)
    }
  }

  @Test("Where nothing is known of the kernel, all pages are kept")
  func unknownKernelsAreKept() throws {
    for format in WrittenMemory.formats {
      var builder = WrittenMemory.builder
      builder.set("SYMBOL(mem_section)", nil)
      let output = MemoryOutput()
      let written = try WrittenMemory.write(
        try WrittenMemory.image(builder), level: 30, format, to: output)
      #expect(written.leftOutPerCPU == 0)
      try WrittenMemory.expectPages(output.file, level: 0, of: builder)
    }
  }

  @Test("Headers say what the crashed kernel was")
  func headersSayWhatTheKernelWas() throws {
    var builder = WrittenMemory.builder
    builder.memory.store(Array("Linux".utf8), at: 0x20_5000)
    builder.memory.store(Array("6.12.0-test".utf8), at: 0x20_5000 + 2 * 65)
    builder.memory.store(Array("x86_64".utf8), at: 0x20_5000 + 4 * 65)
    let output = MemoryOutput()
    let image = try WrittenMemory.image(builder)
    try WrittenMemory.write(image, level: 31, .compressed(.zlib), to: output)
    let bytes = output.bytes
    #expect(Array(bytes[12..<17]) == Array("Linux".utf8))
    #expect(bytes.loadField(CompressedLayout.time) == 1_795_814_282)
    #expect(bytes.loadField(CompressedLayout.processorCount) == 2)
    #expect(bytes.loadField(CompressedLayout.status) == 1)
    typealias Sub = CompressedLayout.SubHeader
    #expect(bytes.loadField(Sub.physicalBase, base: 4096) == 0x20_0000)
    let start = Int(bytes.loadField(Sub.informationOffset, base: 4096))
    let size = Int(bytes.loadField(Sub.informationSize, base: 4096))
    #expect(Array(bytes[start..<(start + size)]) == builder.information)
    #expect(image.machine == 62)
  }
}
