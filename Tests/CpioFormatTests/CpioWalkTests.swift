import ByteCoding
import TestSupport
import Testing

@testable import CpioFormat

@Suite struct CpioWalkTests {
  private static func archive(_ entries: [CpioEntry]) -> [UInt8] {
    var writer = CpioWriter()
    for entry in entries { try? writer.append(entry) }
    return writer.archive()
  }

  private static let entries: [CpioEntry] = [
    .directory("dev"), .file("init", "#!/bin/sh\n"), .symbolicLink("bin/sh", to: "busybox"),
    .file("odd", [1, 2, 3, 4, 5]), .file("empty", ""),
    // A name as long as the trailer's, and the trailer's name as contents.
    .file("TRAILER!!?", "TRAILER!!!\0"),
  ]

  /// The archive ends after its trailer: a header of 110 bytes and a name of 11, padded to 124. The
  /// padding to 512 bytes does not belong to it.
  @Test("A cpio archive ends right behind its trailer", arguments: 0...6)
  func archiveEndsBehindTrailer(count: Int) throws {
    let bytes = Self.archive(Array(Self.entries.prefix(count)))
    let trailer = try #require(
      bytes.indices.last { bytes[$0...].starts(with: Array("070701".utf8)) })
    #expect(end(of: bytes) == trailer + 124)
  }

  /// Data after the archive is not examined.
  @Test("Bytes behind a cpio archive do not change where it ends")
  func ignoresBytesBehindArchive() throws {
    let first = Self.archive(Self.entries)
    let wanted = end(of: first)
    for rest in [[], [0, 0, 0, 0], [0x1F, 0x8B], Self.archive([.directory("x")])] as [[UInt8]] {
      let both = first + rest
      #expect(end(of: both) == wanted)
    }
  }

  /// The padding of the last member may be missing.
  @Test("A truncated cpio archive has no end unless only its last padding is missing")
  func truncatedArchiveHasNoEnd() throws {
    let bytes = Self.archive(Self.entries)
    let whole = try #require(end(of: bytes))
    for length in 0...bytes.count {
      let cut = Array(bytes[..<length])
      let wanted = length >= whole ? whole : length >= whole - 3 ? length : nil
      #expect(end(of: cut) == wanted, "\(length) of \(whole)")
    }
  }

  /// A valid archive with one field of a header changed, and whether its end is still found.
  @Test(
    "A cpio member is accepted only if its header fields are valid",
    arguments: [
      ("good", 0, "070701", true), ("checksums", 0, "070702", true), ("old", 0, "070707", false),
      ("letters in capitals", 54, "0000000A", true), ("letters", 54, "0000000a", true),
      ("no digit", 54, "0000000g", false), ("a space", 54, " 000000a", false),
      ("a prefix", 54, "0x00000a", false), ("not ASCII", 54, "000000\u{E9}", false),
      // With a negative size the walk would go back before the archive, or repeat the same member
      // forever.
      ("a sign", 54, "-0000074", false), ("the other sign", 54, "+000000a", false),
      ("before the archive", 54, "-000ffff", false),
      ("a sign in the name's", 94, "-000006e", false),
      ("a huge file", 54, "ffffffff", false), ("a huge name", 94, "ffffffff", false),
      ("no name", 94, "00000000", false),
    ] as [(String, Int, String, Bool)])
  func acceptsOnlyValidHeaderFields(name: String, offset: Int, text: String, isTaken: Bool) {
    var bytes = Self.archive([.file("init", [UInt8](repeating: 0x30, count: 10))])
    bytes.replaceSubrange(offset..<(offset + text.utf8.count), with: text.utf8)
    #expect((end(of: bytes) != nil) == isTaken)
  }

  @Test("Empty input, zeros and a lone magic number are no cpio archive")
  func rejectsInputWithoutArchive() {
    let texts: [[UInt8]] = [
      [], [0], Array("070701".utf8), [UInt8](repeating: 0x30, count: 4096),
      [UInt8](repeating: 0, count: 4096),
    ]
    for bytes in texts { #expect(end(of: bytes) == nil) }
  }

  private static let nested: [UInt8] =
    archive([.file("kernel/x86/microcode/GenuineIntel.bin", [1, 2, 3])])
    + [UInt8](repeating: 0, count: 512) + archive(entries)

  /// Input in small chunks gives the same members as the whole input.
  @Test(
    "A walk over chunks of any size finds the same cpio members",
    arguments: [1, 2, 3, 7, 110, 111, 1000, 1 << 20])
  func followsChunksOfAnySize(size: Int) throws {
    let bytes = SharedBytes(Self.nested)
    var names: [String] = []
    var walk = CpioWalk()
    for start in stride(from: 0, to: bytes.count, by: size) {
      let segment = try bytes.slice(start..<min(start + size, bytes.count))
      walk.follow(segment.span) { names.append(String(decoding: $0, as: UTF8.self)) }
    }
    #expect(
      names == [
        "kernel", "kernel/x86", "kernel/x86/microcode", "kernel/x86/microcode/GenuineIntel.bin",
        "dev", "init", "bin", "bin/sh", "odd", "empty", "TRAILER!!?",
      ])
    #expect(walk.offset == bytes.count)
    #expect(walk.memberCount == 13)
    #expect(!walk.isInsideMember && !walk.isAtOther && walk.hasEndedArchive)
  }

  /// An input is truncated unless it ends between members or in the padding after one.
  @Test("A walk notices when its input ends inside a cpio member")
  func noticesTruncatedMember() throws {
    let bytes = Self.archive([.file("init", [UInt8](repeating: 7, count: 9))])
    // A header of 110 bytes, a name of 5 and a byte of padding, contents of 9 and 3 bytes of
    // padding; a trailer of 124.
    let ends: [Range<Int>] = [0..<1, 125..<129, 249..<bytes.count + 1]
    for length in 0...bytes.count {
      let segment = SharedBytes(Array(bytes[..<length]))
      var walk = CpioWalk()
      walk.follow(segment.span) { _ in }
      #expect(walk.isInsideMember != ends.contains { $0.contains(length) }, "\(length)")
    }
  }

  @Test(
    "A walk stops at content that is no cpio member",
    arguments: ["07070", "070703", "0x0701", "\u{1F}\u{8B}", "init"])
  func stopsAtOtherContent(text: String) throws {
    let archive = Self.archive([.directory("dev")])
    let bytes = SharedBytes(archive + Array(text.utf8) + [UInt8](repeating: 1, count: 200))
    var walk = CpioWalk()
    walk.follow(bytes.span) { _ in }
    #expect(walk.isAtOther && !walk.isInsideMember)
    #expect(walk.offset == archive.count)
  }

  @Test("A walk over a randomly damaged cpio archive never traps or leaves its input")
  func randomDamageNeverTraps() {
    let seed = SplitMix.seed(of: "cpio")
    var generator = SplitMix(seed: seed)
    let whole = Self.archive(Self.entries)
    let digits = Array("0123456789abcdefABCDEF+-x \0".utf8)
    for _ in 0..<5000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        bytes[place] = digits[Int.random(in: 0..<digits.count, using: &generator)]
      }
      if let found = end(of: bytes) {
        #expect(found > 0 && found <= bytes.count, "seed \(seed)")
      }
      let noise = Array("070701".utf8) + generator.bytes(300)
      #expect(end(of: noise) ?? 1 > 0)
    }
  }
}

/// The offset of the end of the first archive; nil if it does not end.
private func end(of bytes: [UInt8]) -> Int? {
  let shared = SharedBytes(bytes)
  var walk = CpioWalk(onlyFirst: true)
  walk.follow(shared.span) { _ in }
  return walk.hasEndedArchive ? walk.offset : nil
}
