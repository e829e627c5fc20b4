import ByteCoding
import Glibc
import Testing

@testable import LinuxSystem

@Suite struct MemoryFileTests {
  /// memfd_create accepts names of up to 249 bytes.
  @Test(
    "A file in memory can be created under a name of any length",
    arguments: [1, 248, 249, 250, 4000])
  func memoryFileMayHaveALongName(length: Int) throws {
    for name in [String(repeating: "x", count: length), String(repeating: "é", count: length)] {
      let file = try MemoryFiles.running.open(name, path: "path")
      try MemoryFiles.running.append(SharedBytes([1, 2, 3]), to: file, path: "path")
      var link = [UInt8](repeating: 0, count: 600)
      let count = unsafe readlink("/proc/self/fd/\(file.number)", &link, link.count)
      // The end of the name, as much of it as fits.
      let kept = Array(name.utf8.suffix(249))
      #expect(
        Array(link[..<max(count, 0)]) == Array("/memfd:".utf8) + kept + Array(" (deleted)".utf8))
    }
  }
}
