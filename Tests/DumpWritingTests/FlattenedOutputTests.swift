import ByteCoding
import CrashDumps
import TestSupport
import Testing

@testable import DumpWriting

@Suite struct FlattenedOutputTests {
  /// What was appended.
  private final class Pipe: @unchecked Sendable {
    var bytes: [UInt8] = []
    var limit = Int.max

    var output: FlattenedOutput {
      FlattenedOutput { (bytes) throws(WriteFailure) in
        guard self.bytes.count + bytes.byteCount <= self.limit else {
          throw WriteFailure(offset: UInt64(self.bytes.count), errno: 32)
        }
        for index in 0..<bytes.byteCount {
          self.bytes.append((try? bytes.load(UInt8.self, at: index)) ?? 0)
        }
      }
    }
  }

  @Test("Writes in any order, over each other and side by side, are those of a file")
  func writesAreThoseOfAFile() throws {
    let seed = SplitMix.seed(of: "FlattenedOutputTests")
    for number in 0..<(20 as UInt64) {
      var random = SplitMix(seed: seed &+ number)
      let pipe = Pipe()
      let flattened = pipe.output
      let plain = MemoryOutput()
      var next: UInt64 = 0
      for _ in 0..<60 {
        let bytes = random.bytes(Int(random.next() % 3000))
        let offset = random.next() % 3 == 0 ? random.next() % 50_000 : next
        try flattened.output.write(bytes, at: offset)
        try plain.output.write(bytes, at: offset)
        next = offset + UInt64(bytes.count)
      }
      try flattened.finish()
      #expect(flattened.byteCount == UInt64(pipe.bytes.count))
      let file = try FlattenedFile(RandomAccessFile(SharedBytes(pipe.bytes)))
      #expect(file.isComplete)
      let inner = try file.file.bytes(at: 0, count: Int(file.file.byteCount)).array
      let isSame = inner == plain.bytes
      #expect(isSame)
    }
  }

  @Test("Large writes keep their order")
  func largeWritesKeepTheirOrder() throws {
    let pipe = Pipe()
    let flattened = pipe.output
    let plain = MemoryOutput()
    for (offset, size) in [(0, 10), (10, 700_000), (700_010, 5), (3, 600_000), (700_015, 900_000)] {
      let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: size / 7), count: size)
      try flattened.output.write(bytes, at: UInt64(offset))
      try plain.output.write(bytes, at: UInt64(offset))
    }
    try flattened.finish()
    let file = try FlattenedFile(RandomAccessFile(SharedBytes(pipe.bytes)))
    let inner = try file.file.bytes(at: 0, count: plain.bytes.count).array
    let isSame = inner == plain.bytes
    #expect(isSame)
  }

  @Test(
    "A dump goes through a pipe, and its mark is dropped by a record of its own",
    arguments: WrittenMemory.formats)
  func dumpsGoThroughPipes(format: DumpFileFormat) throws {
    let pipe = Pipe()
    let flattened = pipe.output
    let image = try WrittenMemory.image()
    let classification = try Classification(image, level: .all, countsZeros: false)
    let writer = try DumpWriter(image, classification, format: format, options: .init())
    let written = try writer.write(to: flattened.output) { _ in }
    let unfinished = pipe.bytes
    try flattened.output.write(written.mark.bytes, at: written.mark.offset)
    try flattened.finish()
    let file = RandomAccessFile(SharedBytes(pipe.bytes))
    try WrittenMemory.expectPages(file, level: 31)
    let dump = try CrashImage(file)
    #expect(dump.format.flattenedEnd == true && !dump.format.isMarkedIncomplete)
    let result = try DumpChecker(file).check(written, against: image, extent: .all)
    #expect(result.faults == [] && result.missingPages == 0)
    // Without its end it says so in both ways.
    let cut = try CrashImage(RandomAccessFile(SharedBytes(unfinished)))
    #expect(cut.format.flattenedEnd == false && cut.format.isMarkedIncomplete)
    let faults = try DumpChecker(RandomAccessFile(SharedBytes(unfinished))).check(extent: .all)
    #expect(faults.faults.first == .noEnd)
  }

  @Test("What the pipe does not take is an error")
  func brokenPipesAreErrors() throws {
    let pipe = Pipe()
    pipe.limit = 5000
    let flattened = pipe.output
    #expect(throws: WriteFailure(offset: 4112, errno: 32)) {
      try flattened.output.write([UInt8](repeating: 1, count: 1000), at: 0)
      try flattened.finish()
    }
  }
}
