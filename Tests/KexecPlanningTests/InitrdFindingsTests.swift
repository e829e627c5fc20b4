import ByteCoding
import Compression
import CpioFormat
import KexecABI
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

/// Findings about initrds that are damaged, unusual or valid. Each row is loaded by every system
/// call, with the same result. Linux's behaviour was observed on 6.12 (Lab: "initrd …").
@Suite struct InitrdFindingsTests {
  enum Verdict: Equatable, Sendable {
    /// Refused.
    case damaged(InitrdDamage.Code)
    /// Loaded, with a warning for each finding.
    case suspect([InitrdSuspicion.Code])
    case fine
  }

  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let file: [UInt8]
    let verdict: Verdict

    init(_ name: String, _ segments: [[UInt8]], _ verdict: Verdict) {
      testDescription = name
      file = segments.flatMap { $0 }
      self.verdict = verdict
    }
  }

  private static let main = made([
    ("init", Array("#!/bin/sh".utf8)), ("bin/sh", SplitMix(seed: 1).some(20_000)),
  ])
  private static let more = made([("etc/more", [1, 2, 3])])
  private static let gzip = Compressor.gzip.compress(main)
  private static let zeros = [UInt8](repeating: 0, count: 512)

  private static func half(_ bytes: [UInt8]) -> [UInt8] { Array(bytes[..<(bytes.count / 2)]) }

  /// `bytes` with one byte changed, counted from the end.
  private static func changed(_ bytes: [UInt8], fromEnd place: Int) -> [UInt8] {
    var bytes = bytes
    bytes[bytes.count - place] ^= 0x55
    return bytes
  }

  /// Zeros up to an offset, then the text.
  private static func file(_ text: [UInt8], at offset: Int) -> [UInt8] {
    [UInt8](repeating: 0, count: offset) + text + [UInt8](repeating: 0, count: 2048)
  }

  /// The formats that Linux unpacks, and others: damage is reported in all of them.
  private static let compressors = Compressor.allCases.filter { $0 != .lz4Frame }

  static let rows: [Row] =
    compressors.flatMap { by -> [Row] in
      let packed = by.compress(main)
      return [
        Row("\(by)", [packed], .fine),
        Row("\(by), half of it", [half(packed)], .damaged(.stream)),
        Row("\(by), all but a byte", [packed.dropLast()], .damaged(.stream)),
        Row("\(by), only its beginning", [Array(packed[..<20])], .damaged(.stream)),
        Row("\(by), of half an archive", [by.compress(half(main))], .damaged(.packedArchiveCut)),
        Row(
          "an archive and \(by), half of it", [more, half(packed)],
          by == .lzma ? .fine : .damaged(.stream)),
        Row("\(by), zeros behind", [packed, zeros], .fine),
        Row("\(by), then gzip", [packed, Compressor.gzip.compress(more)], .fine),
      ]
    }
    + [Compressor.gzip, .xz, .zstd, .bzip2, .lzoWithChecksums].map {
      Row("\($0), a byte changed", [changed($0.compress(main), fromEnd: 40)], .damaged(.stream))
    } + [
      Row("an archive", [main], .fine),
      Row("two archives, zeros between", [more, zeros, main], .fine),
      Row("an archive without its end", [withoutTrailer(main)], .fine),
      Row("half an archive", [half(main)], .damaged(.archiveCut)),
      Row("an archive cut off in a header", [main, Array(more[..<60])], .damaged(.archiveCut)),
      Row("an archive cut off in a name", [main, Array(more[..<113])], .damaged(.archiveCut)),
      Row("two archives, one cut off", [main, Array(more[..<130])], .damaged(.archiveCut)),
      Row("gzip with another checksum", [changed(gzip, fromEnd: 8)], .damaged(.stream)),
      Row("gzip with another size", [changed(gzip, fromEnd: 1)], .damaged(.stream)),
      Row("gzip, then half of it", [gzip, half(gzip)], .damaged(.stream)),
      Row("gzip, then other bytes", [gzip, Array("some other bytes".utf8)], .fine),
      Row("an archive, then other bytes", [main, Array("some other bytes".utf8)], .fine),
      Row("zeros only", [zeros], .fine),
      Row("gzip of nothing", [Compressor.gzip.compress([])], .fine),
      Row("an ext2 image", [file([0x53, 0xEF], at: 0x438)], .fine),
      Row(
        "an ext2 image by gzip", [Compressor.gzip.compress(file([0x53, 0xEF], at: 0x438))], .fine),
      Row("a squashfs image", [file(Array("hsqs".utf8), at: 0)], .fine),
      Row("a cramfs image", [file([0x45, 0x3D, 0xCD, 0x28], at: 0)], .fine),
      Row("a minix image", [file([0x8F, 0x13], at: 0x410)], .fine),
      Row(
        "a skippable frame, then zstd",
        [[0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4], Compressor.zstd.compress(main)],
        .suspect([.skippableFrame])),
      Row("xz with CRC64", [withXz(main, check: 4)], .suspect([.xzCheck])),
      Row("xz with SHA-256", [withXz(main, check: 10)], .suspect([.xzCheck])),
      Row("xz without a checksum", [withXz(main, check: 0)], .fine),
      Row("LZ4's new frame", [Compressor.lz4Frame.compress(main)], .suspect([.lz4Frame])),
      Row(
        "zstd with a window of 256 MiB", [zstdFrame(window: 18 << 3, of: main)],
        .suspect([.zstdWindow])),
      Row("zstd with a window of 128 MiB", [zstdFrame(window: 17 << 3, of: main)], .fine),
      Row("an archive behind gzip, at an odd place", [odd(gzip), more], .suspect([.unaligned])),
      Row("an archive behind gzip, at a multiple of four", [even(gzip), more], .fine),
      Row("gzip behind gzip, at an odd place", [odd(gzip), gzip], .fine),
      Row(
        "gzip of an archive and other bytes",
        [Compressor.gzip.compress(main + Array("other".utf8))], .suspect([.otherInside])),
      Row(
        "an archive without its end, then other bytes",
        [withoutTrailer(main), Array("other bytes".utf8)], .suspect([.otherInside])),
      Row("a kernel", [BzImageBuilder().file.array], .suspect([.kernel])),
      Row(
        "an ELF kernel by gzip", [Compressor.gzip.compress([0x7F, 0x45, 0x4C, 0x46, 2, 1])],
        .suspect([.kernel])),
      Row("an EFI program", [file([0x4D, 0x5A], at: 0)], .suspect([.kernel])),
      Row("an Image for arm64", [[1] + file(Array("ARMd".utf8), at: 55)], .suspect([.kernel])),
      Row("a page of the web", [Array("<!DOCTYPE html>".utf8)], .suspect([.unknown])),
    ]

  @Test(
    "Both system calls give the same verdict on a damaged, suspect or sound initrd",
    arguments: rows)
  func givesSameVerdictForEveryCall(row: Row) throws {
    for (call, isFast) in [(LoadCall.segments, true), (.segments, false), (.file, true)] {
      func load(_ change: (inout LoadRequest) -> Void = { _ in }) throws -> LoadPlan {
        try planned(by: call, on: guest()) {
          $0.initrds = [.init(path: "i", bytes: SharedBytes(row.file))]
          $0.options.isFast = isFast
          change(&$0)
        }
      }
      switch row.verdict {
      case .damaged(let code):
        let error = #expect(throws: PlanningError.self, "\(call) \(isFast)") { _ = try load() }
        guard case .damagedInitrd("i", let damage) = error else {
          Issue.record("\(String(describing: error))")
          continue
        }
        #expect(damage.code == code)
        #expect(try load { $0.options.forcesInitrd = true }.findings == [.initrdDamaged])
        #expect(try load { $0.options.digest = .none }.findings == [])
      case .suspect(let codes):
        let plan = try load()
        #expect(plan.findings == codes.map { _ in .initrdSuspect }, "\(call) \(isFast)")
        #expect(
          plan.notes.filter { $0.code == .initrdSuspect }.map(\.reasonCode)
            == codes.map(\.rawValue))
        #expect(try load { $0.options.digest = .none }.findings == [])
      case .fine: #expect(try load().findings == [], "\(call) \(isFast)")
      }
    }
  }

  /// The offset of a fault is counted from the start of its file.
  @Test("The reported offsets locate the damage within the initrd file")
  func reportsOffsetOfDamage() throws {
    let row = Self.even(Self.gzip) + Self.half(Self.gzip)
    let findings = InitrdContent(SharedBytes(row), unpackedInto: nil).findings
    let start = Self.even(Self.gzip).count
    guard case .stream(.truncated(.gzip, inputOffset: let offset), start: start) = findings.damage
    else {
      Issue.record("\(String(describing: findings.damage))")
      return
    }
    #expect(start + offset == row.count)
  }

  /// A stream that does not fit into memory is checked, too, because its contents are not kept.
  @Test(
    "An initrd is checked for damage whatever the memory limit for unpacking is",
    arguments: [100, 20_000, 1 << 20])
  func checksInitrdBeyondMemoryLimit(limit: Int) throws {
    let packed = Compressor.xz.compress(Self.main)
    let good = InitrdContent(SharedBytes(Self.more + packed), unpackedInto: limit)
    #expect(good.findings.damage == nil && good.findings.formats == [.xz: Self.more.count])
    let bad = InitrdContent(SharedBytes(Self.more + Self.half(packed)), unpackedInto: limit)
    #expect(bad.findings.damage?.code == .stream)
  }

  /// A stream is not checked if its window needs too much memory, and this is reported.
  @Test("An initrd whose compression window is too large is reported as unchecked")
  func leavesLargeWindowUnchecked() throws {
    let file = SharedBytes(Self.zstdFrame(window: 17 << 3, of: Self.main))
    let findings = InitrdContent(file, unpackedInto: nil, windowLimit: 64 << 20).findings
    #expect(findings.unchecked == .memory(.zstd))
    #expect(findings.damage == nil)
    // This window is too large for any amount of memory.
    let stream = SharedBytes(DemandingStream.xzLargeDictionary.bytes(of: Self.main))
    let others = InitrdContent(stream, unpackedInto: nil).findings
    #expect(others.unchecked == .window(.xz) && others.damage == nil)
  }

  // MARK: The kernel and its initrd

  @Test(
    "Modules of another kernel release are noted in a packed or plain initrd",
    arguments: [
      ("lib/modules/6.1.0-56-cloud-amd64/kernel/a.ko", true), ("init", true),
      ("usr/lib/modules/6.1.0-56-cloud-amd64/modules.dep", true), ("lib/modules/6.9", true),
      ("./lib/modules/6.9/kernel/a.ko", false), ("usr/lib/modules/6.9/modules.dep", false),
      ("lib/modules/6.1.0-56-cloud-amd64x/a.ko", false),
    ])
  func notesModulesOfOtherRelease(name: String, isFine: Bool) throws {
    for isPacked in [true, false] {
      let archive = made([("init", [1]), (name, [2])])
      let plan = try planned(by: .segments, on: guest()) {
        $0.initrds = [
          .init(
            path: "i",
            bytes: SharedBytes(isPacked ? Compressor.gzip.compress(archive) : archive))
        ]
      }
      #expect(plan.findings == (isFine ? [] : [.modulesOfOtherRelease]))
    }
  }

  /// A kernel that loads no modules needs none.
  @Test(
    "Modules of another release are noted only for a kernel that loads modules",
    arguments: [("CONFIG_MODULES=y", true), ("# CONFIG_MODULES is not set\nCONFIG_A=y", false)])
  func ignoresModulesWithoutModuleSupport(text: String, isSuspect: Bool) throws {
    let plan = try planned(by: .file, on: guest()) {
      $0.initrds = [
        .init(path: "i", bytes: SharedBytes(made([("lib/modules/6.9/kernel/a.ko", [])])))
      ]
      $0.kernelConfiguration = KernelConfiguration(Array(text.utf8), path: "config")
    }
    #expect(plan.findings == (isSuspect ? [.modulesOfOtherRelease] : []))
  }

  /// Modules of its own release are enough.
  @Test("Modules of another release are not noted when the kernel's own are there")
  func acceptsModulesOfOwnRelease() throws {
    let plan = try planned(by: .file, on: guest()) {
      $0.initrds = ["6.9", "6.1.0-56-cloud-amd64"].map {
        .init(path: $0, bytes: SharedBytes(made([("lib/modules/\($0)/kernel/a.ko", [])])))
      }
    }
    #expect(plan.findings == [])
  }

  @Test(
    "An initrd format that the kernel's configuration lacks is noted",
    arguments: [
      ("CONFIG_RD_GZIP=y\n# CONFIG_RD_LZ4 is not set\n", true), ("CONFIG_RD_LZ4=y\n", false),
      ("CONFIG_RD_GZIP=y\n", true), ("nothing", false), ("", false),
    ])
  func notesFormatTheKernelLacks(text: String, isSuspect: Bool) throws {
    for call in [LoadCall.segments, .file] {
      let plan = try planned(by: call, on: guest()) {
        $0.initrds = [
          .init(path: "i", bytes: SharedBytes(Compressor.lz4Legacy.compress(Self.main)))
        ]
        $0.kernelConfiguration = KernelConfiguration(Array(text.utf8), path: "config")
      }
      #expect(plan.findings == (isSuspect ? [.initrdFormatUnknown] : []))
    }
  }

  /// A kernel may contain its configuration.
  @Test(
    "The configuration inside the kernel tells which initrd formats it unpacks",
    arguments: [("CONFIG_RD_LZ4=y\n", false), ("CONFIG_RD_GZIP=y\n", true)])
  func readsConfigurationInsideKernel(text: String, isSuspect: Bool) throws {
    var vmlinux = VmlinuxBuilder()
    vmlinux.parts[1].bytes =
      Array("IKCFG_ST".utf8) + Compressor.gzip.compress(Array(text.utf8)) + Array("IKCFG_ED".utf8)
    vmlinux.lists = [[], [], []]
    let builder = BzImageBuilder { $0.payload = storedGzip(vmlinux.bytes) }
    let plan = try planned(builder, by: .segments, on: guest()) {
      $0.initrds = [
        .init(path: "i", bytes: SharedBytes(Compressor.lz4Legacy.compress(Self.main)))
      ]
    }
    #expect(plan.notes.contains(.unpacked(format: "gzip")), "\(plan.notes)")
    #expect(plan.findings == (isSuspect ? [.initrdFormatUnknown] : []))
  }

  @Test(
    "A root= that needs an initrd is noted when the initrd is missing or empty",
    arguments: [
      ("root=UUID=1-2", true), ("root=LABEL=x", true), ("root=/dev/mapper/a-b", true),
      ("root=\"UUID=1 2\"", true), ("root=/dev/disk/by-uuid/1", true), ("root=PARTUUID=1", false),
      ("root=PARTLABEL=x", false), ("root=/dev/vda1", false), ("root=/dev/nfs", false),
      ("", false), ("root=UUID=1 root=/dev/vda1", false),
    ])
  func notesRootThatNeedsInitrd(line: String, isSuspect: Bool) throws {
    for call in [LoadCall.segments, .file] {
      for initrds in [[], [InitrdArchives.empty], [SharedBytes(Self.main)]] {
        let plan = try planned(by: call, on: guest()) {
          $0.initrds = initrds.map { .init(path: "i", bytes: $0) }
          $0.options.commandLine = line
        }
        let isWarned = isSuspect && initrds.first?.count != Self.main.count
        #expect(plan.findings == (isWarned ? [.rootNeedsInitrd] : []), "\(line), \(initrds)")
      }
    }
  }

  // MARK: Contents of the rows

  private static func withoutTrailer(_ archive: [UInt8]) -> [UInt8] {
    var walk = CpioWalk(onlyFirst: true)
    let bytes = SharedBytes(archive)
    walk.follow(bytes.span) { _ in }
    return Array(archive[..<(walk.offset - 124)])
  }

  /// `stream` followed by zeros up to an odd offset; `even`: up to a multiple of four.
  private static func odd(_ stream: [UInt8]) -> [UInt8] {
    stream + [UInt8](repeating: 0, count: (-stream.count & 3) + 1)
  }
  private static func even(_ stream: [UInt8]) -> [UInt8] {
    stream + [UInt8](repeating: 0, count: -stream.count & 3)
  }

  /// A zstd frame (RFC 8878) of stored blocks, whose header declares its window by this byte.
  private static func zstdFrame(window: UInt8, of bytes: [UInt8]) -> [UInt8] {
    var frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0, window]
    for start in stride(from: 0, to: bytes.count, by: 1 << 16) {
      let block = bytes[start..<min(start + 1 << 16, bytes.count)]
      let isLast = start + block.count == bytes.count
      let header = block.count << 3 | (isLast ? 1 : 0)
      frame += [UInt8(header & 0xFF), UInt8(header >> 8 & 0xFF), UInt8(header >> 16)]
      frame += block
    }
    return frame
  }
}

extension LoadPlan {
  /// The notes about the initrds, except those about how they are loaded.
  fileprivate var findings: [PlanNote.Code] {
    notes.map(\.code).filter {
      [
        .initrdDamaged, .initrdSuspect, .initrdFormatUnknown, .modulesOfOtherRelease,
        .rootNeedsInitrd,
      ].contains($0)
    }
  }
}

extension SplitMix {
  fileprivate func some(_ count: Int) -> [UInt8] {
    var copy = self
    return copy.bytes(count)
  }
}

private func made(_ files: [(String, [UInt8])]) -> [UInt8] {
  (try? archive(files)) ?? []
}
