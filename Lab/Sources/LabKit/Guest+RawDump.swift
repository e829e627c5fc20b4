import Foundation
import Glibc

extension Guest {
  /// Writes to a file of this computer what /proc/vmcore of this guest has, as `dd` in the guest would.
  ///
  /// The guest gives the headers only. The memory comes from this machine (booted with
  /// `sharesMemory`), since a crash kernel changes none of it but what it uses below 1 MiB: an
  /// emulated processor would take half a minute to copy it.
  public func writeRawDump(_ dump: CoreDump, to path: String) async throws {
    guard let start = dump.segments.map(\.offset).min() else { throw Failure("the dump is empty") }
    let headers = try await run("head -c \(start) /proc/vmcore").bytes
    try expect(headers.count == Int(start), "the headers have \(headers.count) bytes, not \(start)")
    try Data(headers).write(to: URL(fileURLWithPath: path))
    let file = open(path, O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { throw Failure("cannot write \(path)") }
    defer { close(file) }
    let zeros = Array(repeating: UInt8(0), count: 1 << 16)
    try withMemory { memory in
      for segment in dump.segments {
        for position in stride(from: 0, to: Int(segment.size), by: zeros.count) {
          let count = min(zeros.count, Int(segment.size) - position)
          let start = offset(of: segment.physical + UInt64(position), in: memory.count)
          guard start + count <= memory.count, let base = memory.baseAddress else {
            throw Failure("no memory at \(start)")
          }
          // What is zero stays a hole of the file.
          guard memcmp(base + start, zeros, count) != 0 else { continue }
          let written = pwrite(file, base + start, count, off_t(segment.offset) + off_t(position))
          guard written == count else { throw Failure("cannot write \(path): errno \(errno)") }
        }
      }
    }
    let end = dump.segments.map { $0.offset + $0.size }.max() ?? start
    guard ftruncate(file, off_t(end)) == 0 else { throw Failure("cannot write \(path)") }
  }
}
