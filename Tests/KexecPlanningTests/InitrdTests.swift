import KexecABI
import ByteCoding
import CpioFormat
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

/// Splitting one file into parts.
@Suite struct InitrdContentTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let file: [UInt8]
    var limit = 1 << 20
    /// The parts; nil if the file must stay unchanged.
    let parts: [[UInt8]]?
    var reason: InitrdReason?

    init(
      _ name: String, _ segments: [[UInt8]], limit: Int = 1 << 20, parts: [[UInt8]]?,
      _ reason: InitrdReason? = nil
    ) {
      testDescription = name
      file = segments.flatMap { $0 }
      self.limit = limit
      self.parts = parts
      self.reason = reason
    }
  }

  private static let microcode = made([("kernel/x86/microcode/GenuineIntel.bin", [1, 2, 3, 4, 5])])
  private static let main = made([("init", Array("#!/bin/sh".utf8)), ("etc/empty", [])])
  private static let more = made([("etc/more", [UInt8](repeating: 9, count: 3000))])
  private static let gzip = storedGzip(main)
  private static let zstd = storedZstd(more)
  private static let zeros = [UInt8](repeating: 0, count: 1500)
  private static let garbage = Array("garbage in the middle".utf8)
  /// Padding after the segments to a multiple of four bytes.
  private static func filler(_ segments: [UInt8]...) -> [UInt8] {
    [UInt8](repeating: 0, count: -segments.reduce(0) { $0 + $1.count } & 3)
  }

  static let cases: [Case] = [
    Case("plain", [main], parts: nil),
    Case("plain, twice", [microcode, main], parts: nil),
    Case("nothing", [], parts: nil),
    Case("zeros", [zeros], parts: nil),
    Case("gzip", [gzip], parts: [main]),
    Case("zstd", [zstd], parts: [more]),
    Case("microcode and gzip", [microcode, gzip], parts: [microcode, main]),
    Case("microcode, zeros and gzip", [microcode, zeros, gzip], parts: [microcode, main]),
    Case("zeros before and behind", [zeros, gzip, zeros], parts: [main]),
    Case("gzip and zstd", [gzip, zstd], parts: [main, more]),
    Case("gzip, gzip", [gzip, gzip], parts: [main, main]),
    Case("three kinds", [gzip, filler(gzip), microcode, zstd], parts: [main, microcode, more]),
    Case(
      "more streams than any has",
      Array(repeating: storedGzip([]) + filler(storedGzip([])), count: 65),
      parts: [storedGzip([])], .tooManyParts(65)),
    Case("a stream of nothing", [storedGzip([]), filler(storedGzip([])), main], parts: [main]),
    Case("only a stream of nothing", [storedGzip([])], parts: []),
    Case("two archives in one stream", [storedGzip(main + more)], parts: [main + more]),
    Case(
      "garbage", [garbage], parts: nil, .unknownContent(offset: 0)),
    Case(
      "plain, then garbage", [main, garbage, gzip], parts: [main, garbage + gzip],
      .unknownContent(offset: main.count)),
    Case(
      "gzip, then garbage", [gzip, filler(gzip), garbage, main],
      parts: [main, garbage + main], .unknownContent(offset: gzip.count + filler(gzip).count)),
    Case(
      "an archive without its end", [gzip, filler(gzip), Array(more.dropLast(400))],
      parts: [main, Array(more.dropLast(400))],
      .unknownContent(offset: gzip.count + filler(gzip).count)),
    Case(
      "cut off", [Array(gzip.dropLast(9))], parts: nil, .corrupt(format: "gzip", offset: 0)),
    Case(
      "cut off in its magic", [[0x1F, 0x8B]], parts: nil, .unknownContent(offset: 0)),
    Case(
      "damaged", [microcode, damaged(gzip)], parts: [microcode, damaged(gzip)],
      .corrupt(format: "gzip", offset: microcode.count)),
    Case(
      "the second cut off", [zstd, filler(zstd), Array(gzip.dropLast(1))],
      parts: [more, Array(gzip.dropLast(1))],
      .corrupt(format: "gzip", offset: zstd.count + filler(zstd).count)),
    Case("just small enough", [gzip], limit: main.count, parts: [main]),
    Case(
      "too large", [gzip], limit: main.count - 1, parts: nil, .tooLarge(limit: main.count - 1)),
    Case(
      "the second too large", [gzip, filler(gzip), zstd], limit: main.count + more.count - 1,
      parts: [main, zstd], .tooLarge(limit: main.count + more.count - 1)),
    Case("no room at all", [gzip], limit: 0, parts: nil, .tooLarge(limit: 0)),
    Case(
      "1000 times as large", [storedZstd([UInt8](repeating: 0, count: 3 << 20))], parts: nil,
      .tooLarge(limit: 1 << 20)),
  ]

  @Test(
    "An initrd file is split into unpacked parts, or stays as it is with a reason",
    arguments: cases)
  func splitsInitrdIntoParts(row: Case) {
    let content = InitrdContent(SharedBytes(row.file), unpackedInto: row.limit)
    #expect(content.reason == row.reason)
    let (bytes, hasChanged) = content.parts(keeping: [])
    if let parts = row.parts, hasChanged || row.reason == nil {
      #expect(hasChanged)
      // Zeros after an archive may be omitted.
      let found = bytes.map { $0.array.withoutZerosBehind }
      #expect(found.elementsEqual(parts.map(\.withoutZerosBehind)), "\(found.map(\.count))")
    } else {
      #expect(!hasChanged)
    }
  }

  /// Archives in the rest start at multiples of four bytes, so the rest must not be moved by
  /// another distance.
  @Test("A file stays unchanged when its damaged rest does not start at a multiple of four bytes")
  func keepsFileWithUnalignedRest() throws {
    let odd = storedGzip(Self.main)
    try #require(odd.count % 4 != 0)
    let file = odd + Self.damaged(Self.gzip)
    let content = InitrdContent(SharedBytes(file), unpackedInto: 1 << 20)
    let (bytes, hasChanged) = content.parts(keeping: [])
    #expect(!hasChanged)
    #expect(bytes.map(\.array).elementsEqual([file]))
    #expect(content.reason == .corrupt(format: "gzip", offset: odd.count))
  }

  private static func damaged(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    bytes[bytes.count / 2] ^= 0x10
    return bytes
  }
}

/// What the next kernel finds in memory, read by a model of how it reads initrds.
@Suite struct InitrdLayoutTests {
  @Test("Unpacked initrds keep their order and each segment has the role of its file")
  func keepsOrderAndRolesOfInitrds() throws {
    let files = [
      storedGzip(made([("a", [1])])), made([("b", [2])]) + storedZstd(made([("c", [3])])),
      storedGzip(made([("d", [4])])),
    ]
    let (load, notes) = try loaded(files)
    let initrds = load.segments.filter { $0.role.isInitrd }
    #expect(initrds.map(\.role) == [.initrd(0), .initrd(1), .initrd(1), .initrd(2)])
    #expect(notes == [.initrdUnpacked(0), .initrdUnpacked(1), .initrdUnpacked(2)])
    #expect(
      try view(of: load) == [
        Member("a", [1]), Member("b", [2]), Member("c", [3]), Member("d", [4]),
      ])
  }

  @Test("--no-fast leaves a compressed initrd packed and notes nothing")
  func noFastKeepsInitrdPacked() throws {
    let file = storedGzip(made([("a", [1])]))
    let (load, notes) = try loaded([file]) { $0.options.isFast = false }
    #expect(load.segments.first { $0.role == .initrd(0) }?.bytes.array == file)
    #expect(notes.isEmpty)
  }

  @Test("A compressed initrd without content gets no segment and no address in boot_params")
  func emptyInitrdGetsNoSegment() throws {
    let (load, notes) = try loaded([storedGzip([])])
    #expect(!load.segments.contains { $0.role.isInitrd })
    #expect(notes == [.initrdUnpacked(0)])
    let block = try #require(load.segments.first { $0.role == .bootBlock }).bytes.array
    #expect(
      block.loadField(Field<UInt32>(0x218)) == 0 && block.loadField(Field<UInt32>(0x21C)) == 0)
  }

  /// Eight segments are for initrds.
  @Test(
    "Up to eight initrds get an unpacked segment each and more are joined in one segment",
    arguments: [1, 7, 8, 9, 30])
  func joinsMoreThanEightInitrds(count: Int) throws {
    let files = (0..<count).map { storedGzip(made([("\($0)", [UInt8($0)])])) }
    let (load, notes) = try loaded(files)
    #expect(load.segments.filter { $0.role.isInitrd }.count == (count > 8 ? 1 : count))
    #expect(notes == (count > 8 ? [] : (0..<count).map { .initrdUnpacked($0) }))
    #expect(try view(of: load) == (0..<count).map { Member("\($0)", [UInt8($0)]) })
  }

  @Test("A file of eight archives stays packed when another initrd needs a segment")
  func keepsFileWithTooManyArchives() throws {
    let single = storedGzip(made([("x", [1])]))
    let filler = [UInt8](repeating: 0, count: -single.count & 3)
    let eight = Array(repeatElement(single + filler, count: 8).joined())
    #expect(try loaded([eight]).1 == [.initrdUnpacked(0)])
    let (load, notes) = try loaded([eight, single])
    #expect(notes == [.initrdUnchanged(0, .tooManyParts(8)), .initrdUnpacked(1)])
    #expect(try view(of: load).count == 9)
  }

  @Test("An initrd stays packed when it unpacks to more than the available memory allows")
  func availableMemoryLimitsUnpacking() throws {
    let large = storedZstd(made([("large", [UInt8](repeating: 0, count: 2 << 20))]))
    let small = storedGzip(made([("small", [1])]))
    // Half of MemAvailable may be used: init_size, 64 MiB, and 1 MiB for the initrds.
    let (load, notes) = try loaded([large, small], available: 2 * (0x337_8000 + 65 << 20))
    #expect(notes == [.initrdUnchanged(0, .tooLarge(limit: 1 << 20)), .initrdUnpacked(1)])
    #expect(try view(of: load).map(\.name) == ["large", "small"])
    let (_, none) = try loaded([small], available: 1 << 20)
    #expect(none == [.initrdUnchanged(0, .tooLarge(limit: 0))])
  }

  /// The bounds have space for a kernel and a small initrd. An initrd that was never compressed
  /// must not be reported as left compressed.
  @Test(
    "An initrd stays packed when its unpacked size does not fit between the memory bounds",
    arguments: [LoadOptions.EntryChoice.automatic, .protected32])
  func keepsInitrdPackedWithinBounds(entry: LoadOptions.EntryChoice) throws {
    let large = storedZstd(made([("large", [UInt8](repeating: 0, count: 4 << 20))]))
    let plain = made([("plain", [1])])
    let (load, notes) = try loaded([large, plain]) {
      $0.options.entry = entry
      $0.options.memoryBounds = PhysicalRange(
        start: PhysicalAddress(0x1000_0000),
        end: PhysicalAddress(0x1000_0000 + 0x337_8000 + 2 << 20))
    }
    #expect(notes == [.initrdUnchanged(0, .noRoom)])
    #expect(
      load.segments.filter { $0.role.isInitrd }.map(\.bytes.array).elementsEqual([large, plain]))
  }

  /// A kernel looks for microcode and ACPI tables in the archives before the first compressed one.
  /// In each row some initrds have such files; the kernel must find the same ones after this load.
  struct EarlyRow: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let files: [[[UInt8]]]
    let notes: [PlanNote]
  }

  private static let early = made([("kernel/firmware/acpi/ssdt.aml", [1, 2, 3])])
  private static let microcode = made([("kernel/x86/microcode/AuthenticAMD.bin", [4])])
  private static let rest = made([("init", [5])])

  static let earlyRows: [EarlyRow] = [
    EarlyRow(
      testDescription: "plain, in front", files: [[early, storedGzip(rest)]],
      notes: [.initrdUnpacked(0)]),
    EarlyRow(
      testDescription: "packed, alone", files: [[storedGzip(early)]],
      notes: [.initrdUnchanged(0, .earlyFiles)]),
    EarlyRow(
      testDescription: "packed together with the rest", files: [[storedZstd(early + rest)]],
      notes: [.initrdUnchanged(0, .earlyFiles)]),
    EarlyRow(
      testDescription: "packed, in a file behind",
      files: [[storedGzip(rest)], [storedZstd(early)]],
      notes: [.initrdUnpacked(0), .initrdUnchanged(1, .earlyFiles)]),
    EarlyRow(
      testDescription: "packed, in front of the rest",
      files: [[storedGzip(microcode)], [storedZstd(rest)]],
      notes: [.initrdUnchanged(0, .earlyFiles), .initrdUnpacked(1)]),
    EarlyRow(
      testDescription: "plain, behind a packed one", files: [[storedGzip(rest)], [early]],
      notes: [.initrdUnchanged(0, .earlyFiles)]),
    EarlyRow(
      testDescription: "plain, behind two packed ones",
      files: [[storedGzip(rest)], [storedZstd(rest)], [early]],
      notes: [.initrdUnpacked(0), .initrdUnchanged(1, .earlyFiles)]),
    EarlyRow(
      testDescription: "plain in front, packed behind",
      files: [[microcode], [storedGzip(rest + early)]],
      notes: [.initrdUnchanged(1, .earlyFiles)]),
    EarlyRow(
      testDescription: "in one file: the rest and the tables, each packed",
      files: [[storedGzip(rest), storedZstd(early)]],
      notes: [.initrdPartlyUnpacked(0, .earlyFiles)]),
    EarlyRow(
      testDescription: "directories that only begin alike",
      files: [[storedGzip(made([("kernels/x", [1]), ("lib/kernel/y", [2])]))]],
      notes: [.initrdUnpacked(0)]),
  ]

  @Test(
    "Unpacking does not change which early microcode and ACPI files the kernel finds",
    arguments: earlyRows)
  func unpackingKeepsEarlyFiles(row: EarlyRow) throws {
    let files = row.files.map { $0.flatMap { $0 } }
    let (load, notes) = try loaded(files)
    #expect(notes == row.notes)
    let wanted = KernelModel.joined(files)
    let found = try memory(of: load)
    #expect(KernelModel.members(of: found) == KernelModel.members(of: wanted))
    #expect(KernelModel.earlyNames(in: found) == KernelModel.earlyNames(in: wanted))
  }

  /// Random sequences of plain and compressed archives, zeros, garbage and truncated data: the
  /// kernel reads the same files before and after.
  @Test("The kernel reads the same files from random initrds before and after unpacking")
  func kernelReadsSameFilesAfterUnpacking() throws {
    let seed = SplitMix.seed(of: "initrds")
    var generator = SplitMix(seed: seed)
    var changed = 0
    for round in 0..<250 {
      let files = (0..<Int.random(in: 1...11, using: &generator)).map { _ in
        randomFile(&generator)
      }
      let (load, notes) = try loaded(files)
      let wanted = KernelModel.members(of: KernelModel.joined(files))
      let found = try view(of: load)
      #expect(
        found == wanted, "seed \(seed), round \(round): \(files.map(\.count)), \(notes)")
      if notes.contains(where: { if case .initrdUnpacked = $0 { true } else { false } }) {
        changed += 1
      }
    }
    #expect(changed > 50)
  }

  private func randomFile(_ generator: inout SplitMix) -> [UInt8] {
    var file: [UInt8] = []
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      let files = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
        (
          "f\(generator.next() % 1000)-\(generator.next())",
          generator.bytes(Int(generator.next() % 200))
        )
      }
      let archive = made(files)
      switch Int.random(in: 0...9, using: &generator) {
      case 0...3:
        file += [UInt8](repeating: 0, count: -file.count & 3) + archive
      case 4...5: file += storedGzip(archive)
      case 6...7: file += storedZstd(archive)
      case 8: file += storedGzip(archive).dropLast(Int.random(in: 9...30, using: &generator))
      default: file += Array("garbage".utf8)
      }
      if Bool.random(using: &generator) {
        file += [UInt8](repeating: 0, count: Int.random(in: 0...700, using: &generator))
      }
    }
    return file
  }

  // MARK: Loads

  private func loaded(
    _ files: [[UInt8]], available: UInt64? = nil, _ change: (inout LoadRequest) -> Void = { _ in }
  ) throws -> (SegmentLoad, [PlanNote]) {
    var machine = guest()
    machine.availableMemory = available
    let plan = try planned(by: .segments, on: machine) {
      $0.initrds = files.map { .init(path: "i", bytes: SharedBytes($0)) }
      $0.options.digest = .none
      change(&$0)
    }
    let load = try plan.segmentLoad()
    let notes = plan.notes.filter { note in
      switch note {
      case .initrdUnpacked, .initrdPartlyUnpacked, .initrdUnchanged: true
      default: false
      }
    }
    return (load, notes)
  }

  /// What a kernel reads at the address of the initrd in boot_params.
  private func view(of load: SegmentLoad) throws -> [Member] {
    KernelModel.members(of: try memory(of: load))
  }

  /// The memory at the address of the initrd in boot_params.
  private func memory(of load: SegmentLoad) throws -> [UInt8] {
    let block = try #require(load.segments.first { $0.role == .bootBlock }).bytes.array
    let start = UInt64(block.loadField(Field<UInt32>(0x218)))
    let size = Int(block.loadField(Field<UInt32>(0x21C)))
    var memory = [UInt8](repeating: 0, count: size + 4096)
    for segment in load.segments where segment.role.isInitrd {
      try #require(segment.destination.start.value >= start)
      memory.store(segment.bytes.array, at: Int(segment.destination.start.value - start))
    }
    #expect(memory[size...].allSatisfy { $0 == 0 })
    return Array(memory[..<size])
  }
}

extension PlannedSegment.Role {
  fileprivate var isInitrd: Bool {
    if case .initrd = self { true } else { false }
  }
}

extension [UInt8] {
  fileprivate var withoutZerosBehind: [UInt8] {
    Array(self[..<(lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0)])
  }
}

/// An archive of `files`.
func archive(_ files: [(String, [UInt8])]) throws -> [UInt8] {
  var writer = CpioWriter()
  for (name, content) in files { try writer.append(.file(name, content)) }
  return writer.archive()
}

private func made(_ files: [(String, [UInt8])]) -> [UInt8] {
  (try? archive(files)) ?? []
}
