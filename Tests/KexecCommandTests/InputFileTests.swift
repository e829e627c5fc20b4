import ByteCoding
import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

/// The kinds of files that a kernel or an initrd can be.
@Suite struct InputFileTests {
  @Test("An input file gives the content of a regular file")
  func readsARegularFile() throws {
    let tree = TemporaryTree(["/file": "content"])
    let file = try InputFile(path: tree.path + "/file")
    #expect(file.bytes.array == Array("content".utf8) && file.isRegular)
  }

  /// Files of /proc have no size, and those of /sys a wrong one; neither can be mapped.
  @Test(
    "A file of /proc or /sys is read whole although it has no usable size",
    arguments: ["/proc/self/status", "/sys/kernel/mm/transparent_hugepage/enabled"])
  func readsFilesWithoutUsableSize(path: String) throws {
    try #require(FileTree.running.exists(path))
    let file = try InputFile(path: path)
    #expect(file.bytes.count == (try FileTree.running.read(path)).count && file.isRegular)
  }

  /// A pipe, as from the shell's `<(…)`.
  @Test("A pipe is read to its end and does not count as a regular file")
  func aPipeIsReadToItsEnd() throws {
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

  /// The writer starts late, and the program says that it waits.
  @Test("Opening a FIFO waits for its writer and announces the wait")
  func aFIFOWaitsForItsWriter() throws {
    let tree = TemporaryTree(["/directory/x": ""])
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

  @Test("The size limit holds for files that are read into memory but not for mapped files")
  func limitHoldsOnlyForFilesThatAreRead() throws {
    #expect(throws: FileError("/proc/self/status", .tooLarge(limit: 10))) {
      try InputFile(path: "/proc/self/status", limit: 10)
    }
    // The limit does not apply to a mapped file.
    let tree = TemporaryTree(["/file": "content"])
    #expect(try InputFile(path: tree.path + "/file", limit: 1).bytes.count == 7)
  }

  @Test(
    "A device, a directory or a missing file is refused with its own reason",
    arguments: [
      ("/dev/zero", .notRegular), ("/dev/null", .notRegular), ("/dev", .directory),
      ("/dev/nothing", .errno(.noSuchFile)), ("/dev/null/x", .errno(.notDirectory)),
    ] as [(String, FileError.Reason)])
  func refusesWhatIsNotAFile(path: String, reason: FileError.Reason) {
    #expect(throws: FileError(path, reason)) { try InputFile(path: path) }
  }

  @Test("An empty file is refused as an input file")
  func refusesAnEmptyFile() {
    let tree = TemporaryTree(["/file": ""])
    #expect(throws: FileError(tree.path + "/file", .empty)) {
      try InputFile(path: tree.path + "/file")
    }
  }
}

/// A thread that can be joined.
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
