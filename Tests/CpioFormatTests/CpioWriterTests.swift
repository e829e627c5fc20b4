import CpioFormat
import Testing

@Suite("cpio newc archives")
struct CpioWriterTests {
  /// A header in the format's notation, from its thirteen numbers and its path.
  static func header(_ numbers: String..., path: String) -> String {
    let head = "070701" + numbers.joined() + path + "\0"
    return head + String(repeating: "\0", count: (4 - head.utf8.count % 4) % 4)
  }

  static let trailer = header(
    "00000000", "00000000", "00000000", "00000000", "00000001", "00000000", "00000000",
    "00000000", "00000000", "00000000", "00000000", "0000000b", "00000000", path: "TRAILER!!!")

  /// The members as text. Checks that the trailer and zeros up to 512 bytes follow them.
  static func members(_ entries: [CpioEntry]) throws -> String {
    var writer = CpioWriter()
    for entry in entries { try writer.append(entry) }
    let archive = writer.archive()
    try #require(archive.count % 512 == 0)
    let text = String(decoding: archive, as: UTF8.self)
    let end = try #require(text.utf8.firstRange(of: trailer.utf8))
    #expect(text.utf8[end.upperBound...].allSatisfy { $0 == 0 })
    return String(text.utf8[..<end.lowerBound]) ?? ""
  }

  static let oneMember: [(CpioEntry, String)] = [
    (
      .directory("dev"),
      header(
        "00000001", "000041ed", "00000000", "00000000", "00000002", "00000000", "00000000",
        "00000000", "00000000", "00000000", "00000000", "00000004", "00000000", path: "dev")
    ),
    (
      .file("/init", "#!/bin/sh\n", permissions: 0o755),
      header(
        "00000001", "000081ed", "00000000", "00000000", "00000001", "00000000", "0000000a",
        "00000000", "00000000", "00000000", "00000000", "00000005", "00000000", path: "init")
        + "#!/bin/sh\n\0\0"
    ),
    (
      .symbolicLink("sh", to: "busybox"),
      header(
        "00000001", "0000a1ff", "00000000", "00000000", "00000001", "00000000", "00000007",
        "00000000", "00000000", "00000000", "00000000", "00000003", "00000000", path: "sh")
        + "busybox\0"
    ),
    (
      CpioEntry("console", .characterDevice(major: 5, minor: 1), permissions: 0o600),
      header(
        "00000001", "00002180", "00000000", "00000000", "00000001", "00000000", "00000000",
        "00000000", "00000000", "00000005", "00000001", "00000008", "00000000", path: "console")
    ),
    (
      CpioEntry("vda", .blockDevice(major: 254, minor: 0), permissions: 0o660),
      header(
        "00000001", "000061b0", "00000000", "00000000", "00000001", "00000000", "00000000",
        "00000000", "00000000", "000000fe", "00000000", "00000004", "00000000", path: "vda")
    ),
  ]

  @Test("A member of each kind is written with its header and content", arguments: oneMember)
  func writesMemberOfEachKind(entry: CpioEntry, expected: String) throws {
    #expect(try Self.members([entry]) == expected)
  }

  @Test("Directories above a member are added once and before it")
  func addsParentDirectories() throws {
    let implied = try Self.members([.file("a/b/one", "1"), .file("a/b/two", "2")])
    let spelled = try Self.members([
      .directory("a"), .directory("a/b"), .file("a/b/one", "1"), .file("a/b/two", "2"),
    ])
    #expect(implied == spelled)
  }

  @Test("An empty archive consists of its trailer and padding")
  func emptyArchiveIsItsTrailer() throws {
    #expect(try Self.members([]).isEmpty)
    #expect(CpioWriter().archive().count == 512)
  }

  @Test("The same members give the same archive bytes")
  func writesReproducibleBytes() throws {
    func make() throws -> [UInt8] {
      var writer = CpioWriter()
      try writer.append(.file("a/b", [1, 2, 3]))
      return writer.archive()
    }
    #expect(try make() == make())
  }

  @Test(
    "A path that an archive cannot hold is refused", arguments: ["", "/", "a\0b", "TRAILER!!!"])
  func refusesUnusablePaths(path: String) {
    var writer = CpioWriter()
    let entry = CpioEntry.directory(path)
    #expect(throws: CpioError.unusablePath(entry.path)) { try writer.append(entry) }
  }

  @Test("A second member with the same path is refused")
  func refusesDuplicateMember() throws {
    var writer = CpioWriter()
    try writer.append(.directory("a"))
    #expect(throws: CpioError.duplicate("a")) { try writer.append(.file("/a", "")) }
  }
}
