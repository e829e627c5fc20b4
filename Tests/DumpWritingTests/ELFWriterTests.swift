import ByteCoding
import CrashDumps
import ELFFormat
import TestSupport
import Testing

@testable import DumpWriting

@Suite struct ELFWriterTests {
  private typealias Segment = ELFSegments.Segment

  /// Pages as text: "#" is in the file, "-" is RAM that is not, " " is no RAM.
  private static func segments(_ text: String, cutLength: UInt64) -> [Segment] {
    let pages = Array(text)
    var (memory, stored) = ([UInt8](), [UInt8]())
    for index in 0..<pages.count.roundedUp(to: 64) {
      let page = index < pages.count ? pages[index] : " "
      memory.append(page == " " ? 0 : 1)
      stored.append(page == "#" ? 1 : 0)
    }
    var segments = ELFSegments(cutLength: cutLength)
    segments.append(memory: memory.bits, stored: stored.bits, from: 64)
    segments.close()
    return segments.segments
  }

  @Test("Memory is cut where pages are left out, and where there is none")
  func memoryIsCut() {
    let text = "##--#-   --## ###-"
    #expect(
      Self.segments(text, cutLength: 1) == [
        Segment(start: 64, storedEnd: 66, end: 68), Segment(start: 68, storedEnd: 69, end: 70),
        Segment(start: 73, storedEnd: 73, end: 75), Segment(start: 75, storedEnd: 77, end: 77),
        Segment(start: 78, storedEnd: 81, end: 82),
      ])
    #expect(
      Self.segments(text, cutLength: 3) == [
        Segment(start: 64, storedEnd: 69, end: 70), Segment(start: 73, storedEnd: 77, end: 77),
        Segment(start: 78, storedEnd: 81, end: 82),
      ])
    #expect(Self.segments("  ", cutLength: 1) == [])
    #expect(Self.segments("-", cutLength: 1) == [Segment(start: 64, storedEnd: 64, end: 65)])
  }

  @Test("Sections that touch are one segment, and those with a gap are not")
  func sectionsAreJoined() {
    for gap in [0, 64] as [UInt64] {
      var segments = ELFSegments(cutLength: 256)
      segments.append(memory: [.max], stored: [.max], from: 0)
      segments.append(memory: [.max], stored: [1], from: 64 + gap)
      segments.close()
      let expected =
        gap == 0
        ? [Segment(start: 0, storedEnd: 65, end: 128)]
        : [
          Segment(start: 0, storedEnd: 64, end: 64),
          Segment(start: 128, storedEnd: 129, end: 192),
        ]
      #expect(segments.segments == expected)
    }
  }

  @Test("The kernel's image has its virtual addresses, and points at the same bytes as the RAM")
  func imageHasItsAddresses() throws {
    let output = MemoryOutput()
    try WrittenMemory.write(try WrittenMemory.image(), level: 31, .elf, to: output)
    let shared = SharedBytes(output.bytes)
    let headers = try ELFHeaders(shared.span)
    let loads = headers.programs.filter { $0.isLoaded }
    let image = loads.filter { $0.virtual >= CrashImageBuilder.imageStart }
    let ram = loads.filter { $0.virtual < CrashImageBuilder.imageStart }
    #expect(!image.isEmpty && !ram.isEmpty)
    for part in image {
      #expect(part.virtual - CrashImageBuilder.imageStart == part.physical - 0x20_0000)
      let whole = try #require(
        ram.first {
          $0.physical <= part.physical && part.physical < $0.physical + $0.memorySize
        })
      if part.fileSize > 0 {
        #expect(part.offset - whole.offset == part.physical - whole.physical)
      }
    }
    #expect(ram.reduce(0) { $0 + $1.memorySize } == 0x80_0000)
  }

  @Test("Where there would be too many segments, short runs are zeros in the file")
  func tooManySegmentsAreJoined() throws {
    // Every second page of 64 MiB.
    var builder = CrashImageBuilder()
    builder.set("SYMBOL(mem_section)", nil)
    builder.memory = [UInt8](repeating: 0, count: 64 << 20)
    for frame in stride(from: 0, to: 16384, by: 2) { builder.memory[4096 * frame] = 1 }
    builder.ranges = [0..<(64 << 20)]
    let output = MemoryOutput()
    let image = try CrashImage(RandomAccessFile(SharedBytes(builder.bytes)))
    let written = try WrittenMemory.write(image, level: 1, .elf, to: output)
    let dump = try CrashImage(output.file)
    for frame in 0..<(16384 as UInt64) where frame % 2 == 0 {
      let page = try dump.pages(from: frame, count: 1)
      let isRight = page.count == 4096 && (try? page.span.load(UInt64.self, at: 0)) == 1
      #expect(isRight)
    }
    #expect(written.byteCount < 66 << 20)
    guard case .elf(_, let count) = dump.format.layout else { return }
    #expect(count < 8192)
  }
}
