import ByteCoding
import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

/// What a kernel or an initrd may lie in.
@Suite struct InputFileTests {
  @Test func aRegularFileIsMapped() throws {
    let tree = TemporaryTree(["/file": "content"])
    let file = try InputFile(path: tree.path + "/file")
    #expect(file.bytes.array == Array("content".utf8) && file.isRegular)
  }

  /// Files of /proc have no size, and those of /sys one that is not theirs; neither can be mapped.
  @Test(arguments: ["/proc/self/status", "/sys/kernel/mm/transparent_hugepage/enabled"])
  func whatCannotBeMappedIsRead(path: String) throws {
    try #require(FileTree.running.exists(path))
    let file = try InputFile(path: path)
    #expect(file.bytes.count == (try FileTree.running.read(path)).count && file.isRegular)
  }

  /// As the shell's `<(…)` gives it.
  @Test func aPipeIsReadToItsEnd() throws {
    var ends: [Int32] = [0, 0]
    try #require(unsafe pipe(&ends) == 0)
    let writer = ends[1]
    let text = [UInt8](repeating: 7, count: 300_000)
    let thread = Thread {
      var done = 0
      while done < text.count {
        done += unsafe text[done...].withUnsafeBytes {
          unsafe write(writer, $0.baseAddress, $0.count)
        }
      }
      close(writer)
    }
    defer { thread.join() }
    let file = try InputFile(path: "/dev/fd/\(ends[0])")
    #expect(file.bytes.array == text && !file.isRegular)
    close(ends[0])
  }

  /// The writer comes late, and it is said that somebody waits for it.
  @Test func aFIFOWaitsForItsWriter() throws {
    let tree = TemporaryTree(["/folder/x": ""])
    let path = tree.path + "/fifo"
    try #require(unsafe mkfifo(path, 0o600) == 0)
    nonisolated(unsafe) var isWaiting = false
    let thread = Thread {
      while !(unsafe isWaiting) { usleep(10_000) }
      let writer = unsafe open(path, O_WRONLY)
      _ = unsafe write(writer, "late", 4)
      close(writer)
    }
    defer { thread.join() }
    let file = try InputFile(path: path) { unsafe isWaiting = true }
    #expect(file.bytes.array == Array("late".utf8) && !file.isRegular)
  }

  @Test func thereIsALimitToWhatIsKeptInMemory() throws {
    #expect(throws: FileError("/proc/self/status", .tooLarge(limit: 10))) {
      try InputFile(path: "/proc/self/status", limit: 10)
    }
    // A file that is mapped takes none.
    let tree = TemporaryTree(["/file": "content"])
    #expect(try InputFile(path: tree.path + "/file", limit: 1).bytes.count == 7)
  }

  @Test(
    arguments: [
      ("/dev/zero", .notRegular), ("/dev/null", .notRegular), ("/dev", .directory),
      ("/dev/nothing", .errno(.noSuchFile)), ("/dev/null/x", .errno(.notDirectory)),
    ] as [(String, FileError.Reason)])
  func whatIsNoFile(path: String, reason: FileError.Reason) {
    #expect(throws: FileError(path, reason)) { try InputFile(path: path) }
  }

  @Test func anEmptyFile() {
    let tree = TemporaryTree(["/file": ""])
    #expect(throws: FileError(tree.path + "/file", .empty)) {
      try InputFile(path: tree.path + "/file")
    }
  }
}

/// A thread that is waited for.
private struct Thread {
  private let thread: pthread_t

  init(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    // SAFETY: the one retained box of this thread.
    unsafe pthread_create(
      &thread, nil,
      { argument in
        unsafe Unmanaged<Box>.fromOpaque(argument.unsafelyUnwrapped).takeRetainedValue().body()
        return nil
      }, Unmanaged.passRetained(Box(body)).toOpaque())
    self.thread = thread
  }

  func join() { _ = pthread_join(thread, nil) }

  private final class Box {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
}
