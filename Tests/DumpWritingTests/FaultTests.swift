import ByteCoding
import CrashDumps
import TestSupport
import Testing

@testable import DumpWriting

/// Sources that cannot be read, and targets that cannot be written.
@Suite struct FaultTests {
  /// The memory in a file of which some pages cannot be read.
  private static func broken(_ bad: Set<UInt64>) throws -> CrashImage {
    let bytes = SharedBytes(WrittenMemory.builder.bytes)
    // The only PT_LOAD starts behind headers and notes.
    let start = UInt64(bytes.count) - 0x80_0000
    let file = RandomAccessFile(byteCount: UInt64(bytes.count)) {
      (offset, count) throws(ReadFailure) in
      for frame in bad {
        let place = start + frame << 12
        if offset < place + 4096, offset + UInt64(count) > place {
          throw ReadFailure(offset: place, errno: 5)
        }
      }
      guard let part = try? bytes.slice(Int(offset)..<(Int(offset) + count)) else {
        throw ReadFailure(offset: offset, errno: 0)
      }
      return part
    }
    return try CrashImage(file)
  }

  @Test(
    "Pages that cannot be read are left out and named, and no others",
    arguments: WrittenMemory.formats)
  func unreadablePagesAreLeftOut(format: DumpFileFormat) throws {
    let bad: Set<UInt64> = [0x100, 0x101, 0x130, 0x305, 0x3EF]
    let image = try Self.broken(bad)
    let output = MemoryOutput()
    let written = try WrittenMemory.write(image, level: 17, format, to: output)
    #expect(written.unreadable == [0x100..<0x102, 0x130..<0x131, 0x305..<0x306, 0x3EF..<0x3F0])
    #expect(written.unreadablePages == 5)
    WrittenMemory.expectHashes(written, of: output.bytes)
    let dump = try CrashImage(output.file)
    for frame in 0..<(2048 as UInt64) where !WrittenMemory.isExcluded(Int(frame), level: 17) {
      let read = try? dump.pages(from: frame, count: 1).array
      let page = WrittenMemory.page(Int(frame))
      switch format {
      case .compressed:
        let isRight = read == (bad.contains(frame) ? nil : page)
        #expect(isRight, "\(frame)")
      case .elf:
        let isZero = bad.contains(frame) || page.allSatisfy { $0 == 0 }
        let isRight = isZero ? read?.allSatisfy { $0 == 0 } ?? true : read == page
        #expect(isRight, "\(frame)")
      }
    }
    let result = try DumpChecker(output.file).check(written, extent: .all)
    #expect(result.faults == [])
    if case .compressed = format { #expect(result.missingPages == 5) }
  }

  @Test("Pages that must not be read are not")
  func badMemoryIsNotRead() throws {
    let image = try WrittenMemory.image()
    image.avoid([0x110, 0x150])
    let written = try WrittenMemory.write(image, to: MemoryOutput())
    #expect(written.unreadable == [0x110..<0x111, 0x150..<0x151])
  }

  @Test(
    "A full disk ends the dump with an error, wherever it is full",
    arguments: WrittenMemory.formats)
  func fullDisksEndTheDump(format: DumpFileFormat) throws {
    let whole = MemoryOutput()
    let size = try WrittenMemory.write(
      try WrittenMemory.image(), format, to: whole
    ).byteCount
    let image = try WrittenMemory.image()
    for limit in stride(from: 0, to: size, by: Int(size / 15) + 7) {
      for threads in [1, 2] {
        let output = MemoryOutput()
        output.limit = limit
        do throws(DumpWriteError) {
          try Self.write(image, format, threads, to: output)
          Issue.record("nothing failed at \(limit)")
        } catch {
          guard case .output(let failure) = error else {
            Issue.record("\(error)")
            continue
          }
          #expect(failure.errno == 28 && failure.offset >= limit)
        }
      }
    }
  }

  private static func write(
    _ image: CrashImage, _ format: DumpFileFormat, _ threads: Int, to output: MemoryOutput
  ) throws(DumpWriteError) {
    let writer: DumpWriter
    do throws(CrashImageError) {
      let classification = try Classification(image, level: .all, countsZeros: false)
      let options = DumpWriter.Options(threads: threads)
      writer = try DumpWriter(image, classification, format: format, options: options)
    } catch {
      throw .source(error)
    }
    _ = try writer.write(to: output.output) { _ in }
  }

  @Test(
    "A file whose writing ended anywhere is marked, opens, and has no wrong page",
    arguments: WrittenMemory.formats)
  func interruptedFilesOpen(format: DumpFileFormat) throws {
    let image = try WrittenMemory.image()
    var limit = 0
    var pageCounts: [Int] = []
    while true {
      let output = MemoryOutput()
      output.writeLimit = limit
      limit += 1
      let isDone: Bool
      do throws(DumpWriteError) {
        try Self.write(image, format, 2, to: output)
        isDone = true
      } catch {
        isDone = false
      }
      guard let dump = try? CrashImage(output.file) else {
        // Headers, notes and maps must be there.
        #expect(limit <= 4, "\(limit) writes")
        continue
      }
      #expect(dump.format.isMarkedIncomplete, "\(limit) writes")
      var count = 0
      for frame in 0..<(1024 as UInt64) {
        guard let page = try? dump.pages(from: frame, count: 1).array else { continue }
        let isRight = page == WrittenMemory.page(Int(frame))
        #expect(isRight, "\(frame) after \(limit) writes")
        count += 1
      }
      pageCounts.append(count)
      #expect(try DumpChecker(output.file).check(extent: .all).isMarkedIncomplete)
      if isDone { break }
    }
    // It grew.
    #expect(pageCounts == pageCounts.sorted() && pageCounts.last ?? 0 > 100)
  }

  @Test("A kept page that cannot be decided on twice is noticed")
  func changesOfTheSourceAreNoticed() throws {
    // The first pass finds another memory map than the later ones.
    let image = try WrittenMemory.image()
    let selection = try PageSelection(
      image, try Classification(image, level: .all, countsZeros: false), leavesOutPerCPU: true)
    var first: [[UInt64]] = []
    while try selection.next() { first.append(selection.words) }
    try selection.restart()
    var second: [[UInt64]] = []
    while try selection.next() { second.append(selection.words) }
    #expect(first == second && selection.isSame && first.count == 2)
  }
}
