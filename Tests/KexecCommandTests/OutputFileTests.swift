import ByteCoding
import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

/// Files that are written: which are refused, and what is there at which time.
@Suite struct OutputFileTests {
  private static let old = Array("an older dump".utf8)

  private func open(
    _ kernel: FakeKernel, _ name: String = "/dump", replaces: Bool = false
  ) throws(FileError) -> OutputFile {
    try OutputFile(path: kernel.tree.path + name, replaces: replaces, on: kernel.value)
  }

  private func names(_ kernel: FakeKernel) -> [String] {
    (kernel.files.names(in: "/") ?? []).filter { $0.hasPrefix("dump") }
  }

  private func mode(_ kernel: FakeKernel, _ name: String) -> UInt32 {
    var status = stat()
    #expect(unsafe lstat(kernel.tree.path + name, &status) == 0)
    return status.st_mode & 0o7777
  }

  @Test("A file has its name only when it is complete, and belongs to its owner alone")
  func aFileGetsItsNameInTheEnd() throws {
    let kernel = FakeKernel()
    let file = try open(kernel)
    #expect(file.kind == .file(isInMemory: false))
    try file.output.write([1, 2, 3], at: 2)
    #expect(names(kernel) == ["dump-incomplete"])
    #expect(mode(kernel, "/dump-incomplete") == 0o600)
    try file.output.write([9], at: 0)
    try file.sync()
    try file.publish()
    #expect(names(kernel) == ["dump"])
    #expect(try kernel.files.read("/dump") == [9, 0, 1, 2, 3])
    #expect(mode(kernel, "/dump") == 0o600)
  }

  @Test(
    "A file that exists is refused, and with replacing it is there until the new one is complete")
  func anExistingFileStays() throws {
    let kernel = FakeKernel(["/dump": Self.old])
    #expect(throws: FileError(kernel.tree.path + "/dump", .exists)) { try open(kernel) }
    let file = try open(kernel, replaces: true)
    try file.output.write([1], at: 0)
    #expect(try kernel.files.read("/dump") == Self.old)
    try file.publish()
    #expect(try kernel.files.read("/dump") == [1])
    #expect(names(kernel) == ["dump"])
  }

  @Test("A file that appears in the meantime is not replaced")
  func aFileThatAppearsStays() throws {
    let kernel = FakeKernel()
    let file = try open(kernel)
    try file.output.write([1], at: 0)
    #expect(kernel.files.replace("/dump", with: "other"))
    #expect(throws: FileError(kernel.tree.path + "/dump", .exists)) { try file.publish() }
    #expect(kernel.files.text("/dump") == "other")
    #expect(try kernel.files.read(file.currentPath.replacing(kernel.tree.path, with: "")) == [1])
  }

  @Test("What is no file, or a link, is refused, and a link is not followed")
  func linksAreRefused() throws {
    let kernel = FakeKernel(["/dir/x": [1], "/other": Self.old])
    let path = kernel.tree.path
    #expect(unsafe symlink(path + "/other", path + "/dump") == 0)
    for replaces in [false, true] {
      #expect(throws: FileError(path + "/dump", .link)) { try open(kernel, replaces: replaces) }
      #expect(throws: FileError(path + "/dir", .directory)) {
        try open(kernel, "/dir", replaces: replaces)
      }
      #expect(throws: FileError(path + "/none/dump", .errno(.noSuchFile))) {
        do throws(FileError) {
          _ = try open(kernel, "/none/dump", replaces: replaces)
        } catch {
          // The directory is what is missing.
          #expect(error.path == path + "/none/")
          throw FileError(path + "/none/dump", error.reason)
        }
      }
    }
    for name in ["", "/", "/.", "/.."] {
      #expect(throws: FileError.self) { try open(kernel, name) }
    }
    #expect(throws: FileError("/dev/null", .notRegular)) {
      try OutputFile(path: "/dev/null", replaces: true, on: kernel.value)
    }
    // A link in place of the file that is to be renamed.
    unsafe unlink(path + "/dump")
    #expect(unsafe symlink(path + "/other", path + "/dump-incomplete") == 0)
    #expect(throws: FileError(path + "/dump-incomplete", .exists)) { try open(kernel) }
    let file = try open(kernel, replaces: true)
    try file.output.write([1], at: 0)
    try file.publish()
    #expect(try kernel.files.read("/other") == Self.old)
    #expect(names(kernel) == ["dump"])
  }

  @Test("Two that write one file at once: the second is refused, even if it may replace")
  func theSecondWriterIsRefused() throws {
    let kernel = FakeKernel()
    let file = try open(kernel)
    for replaces in [false, true] {
      #expect(throws: FileError(kernel.tree.path + "/dump-incomplete", .beingWritten)) {
        try open(kernel, replaces: replaces)
      }
    }
    try file.output.write([1], at: 0)
    try file.publish()
    #expect(try kernel.files.read("/dump") == [1])
  }

  @Test(
    "What an interrupted process has left is refused, and is only lost when the new one is complete"
  )
  func anInterruptedOneStays() throws {
    let kernel = FakeKernel(["/dump-incomplete": Self.old])
    #expect(throws: FileError(kernel.tree.path + "/dump-incomplete", .exists)) { try open(kernel) }
    var file = try open(kernel, replaces: true)
    #expect(try kernel.files.read("/dump-incomplete.old") == Self.old)
    file.discard()
    #expect(try kernel.files.read("/dump-incomplete") == Self.old)
    #expect(names(kernel) == ["dump-incomplete"])
    file = try open(kernel, replaces: true)
    try file.publish()
    #expect(names(kernel) == ["dump"])
  }

  @Test("Short writes go on, and an error is reported with its place")
  func shortWritesGoOn() throws {
    let kernel = FakeKernel {
      $0.outputSize = 3
      $0.outputLimit = (10, .failure(.noSpace))
    }
    let file = try open(kernel)
    try file.output.write([1, 2, 3, 4, 5, 6, 7, 8], at: 100)
    #expect(throws: WriteFailure(offset: 202, errno: ENOSPC)) {
      try file.output.write([1, 2, 3, 4], at: 200)
    }
    let stuck = FakeKernel { $0.outputLimit = (2, .success(0)) }
    let other = try open(stuck)
    #expect(throws: WriteFailure(offset: 2, errno: 0)) { try other.output.write([1, 2, 3], at: 0) }
    other.discard()
    #expect(names(stuck).isEmpty)
  }

  @Test("An error of the medium ends the writing after the next window")
  func theMediumFollows() throws {
    let kernel = FakeKernel {
      $0.outputWindow = 8
      $0.outputWriteBack = .inputOutput
    }
    let file = try open(kernel)
    try file.output.write([1, 2, 3, 4, 5, 6, 7], at: 0)
    try file.output.write([1, 2, 3, 4, 5, 6, 7], at: 8)
    #expect(throws: WriteFailure(offset: 7, errno: EIO)) { try file.output.write([1], at: 7) }
    // One call takes at most a window.
    #expect(throws: WriteFailure(offset: 24, errno: EIO)) {
      try file.output.write([UInt8](repeating: 1, count: 20), at: 24)
    }
    #expect(try kernel.files.read("/dump-incomplete").count == 32)
  }

  @Test("A signal ends the writing")
  func aSignalEndsTheWriting() throws {
    let kernel = FakeKernel {
      $0.outputSize = 1
      $0.interrupt = (2, SIGTERM)
    }
    let file = try open(kernel)
    #expect(throws: WriteFailure(offset: 7, errno: EINTR)) {
      try file.output.write([1, 2, 3], at: 5)
    }
  }

  @Test(
    "What is read back is what was written, at every offset, and nothing is where there is no medium"
  )
  func whatIsReadBack() throws {
    let kernel = FakeKernel()
    let file = try open(kernel)
    var random = SplitMix(seed: 24)
    let bytes = (0..<3_000_001).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    try file.output.write(bytes, at: 0)
    let number = file.currentPath
    let descriptor = unsafe Glibc.open(number, O_RDONLY)
    fsync(descriptor)
    close(descriptor)
    let back = try #require(try file.readBack())
    #expect(back.byteCount == 3_000_001)
    for (offset, count) in [
      (0, 4096), (1, 24), (4095, 2), (1_048_570, 100), (2_999_999, 2), (12345, 2_000_000),
      (3_000_001, 0), (2_000_001, 1_000_000), (0, 3_000_001),
    ] {
      let part = try back.bytes(at: UInt64(offset), count: count).array
      #expect(part == Array(bytes[offset..<(offset + count)]), "\(offset), \(count)")
    }
    #expect(throws: ReadFailure.self) { try back.bytes(at: 3_000_000, count: 2) }
    let other = FakeKernel { $0.isInMemory = true }
    #expect(try open(other).readBack() == nil)
  }

  @Test("Files beside it are written at once, and replace older ones only when it is complete")
  func companionsFollow() throws {
    let kernel = FakeKernel(["/dump": Self.old, "/dump-log.txt": Self.old])
    #expect(throws: FileError(kernel.tree.path + "/dump", .exists)) { try open(kernel) }
    let file = try open(kernel, replaces: true)
    try file.checkCompanion("-log.txt")
    try file.writeCompanion("-log.txt", [1])
    try file.writeCompanion("-report.txt", [2])
    #expect(try kernel.files.read("/dump-log.txt") == Self.old)
    #expect(try kernel.files.read("/dump-report.txt") == [2])
    #expect(mode(kernel, "/dump-report.txt") == 0o600)
    // Written again.
    try file.writeCompanion("-log.txt", [3])
    try file.publish()
    #expect(try kernel.files.read("/dump-log.txt") == [3])
    #expect(names(kernel) == ["dump", "dump-log.txt", "dump-report.txt"])
    let fresh = FakeKernel(["/dump-log.txt": Self.old])
    let other = try open(fresh)
    #expect(throws: FileError(fresh.tree.path + "/dump-log.txt", .exists)) {
      try other.checkCompanion("-log.txt")
    }
    other.discard()
    #expect(names(fresh) == ["dump-log.txt"])
  }
}
