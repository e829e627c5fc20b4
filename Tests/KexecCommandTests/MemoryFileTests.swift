import Testing

@testable import LinuxSystem

@Suite struct MemoryFileTests {
  /// memfd_create accepts names of up to 249 bytes.
  @Test(
    "A file in memory can be created under a name of any length",
    arguments: [1, 248, 249, 250, 4000])
  func memoryFileMayHaveALongName(length: Int) throws {
    for name in [String(repeating: "x", count: length), String(repeating: "é", count: length)] {
      _ = try MemoryFiles.running.open(name, path: "path")
    }
  }
}
