import LabKit

extension Guest {
  /// The kernel's log as `dmesg` shows it now.
  struct Log {
    /// How many bytes it has, and their digest.
    let count: String
    let digest: String
  }

  /// Reads the log, before a crash.
  func readLog(file: String = #fileID, line: Int = #line) async throws -> Log {
    try await run("dmesg -s 1000000 >/run/log", file: file, line: line)
    return Log(
      count: try await run("wc -c </run/log", file: file, line: line).text,
      digest: try await run("md5sum </run/log", file: file, line: line).text)
  }

  /// Checks that this crash kernel finds that log, byte for byte, in the memory of the crashed kernel, and what
  /// happened: SysRq with c, on Linux `release`.
  func mustFind(
    _ log: Log, of release: String, file: String = #fileID, line: Int = #line
  ) async throws {
    try await run("kexec dump log >/run/log", file: file, line: line)
    let found = try await run("head -c \(log.count) /run/log | md5sum", file: file, line: line)
    try expect(
      found.text == log.digest, "the log in the dump is not what dmesg showed", file: file,
      line: line)
    try await run(
      "grep -q 'Kernel panic - not syncing: sysrq triggered crash' /run/log", file: file, line: line
    )
    try await run("kexec dump report >/run/report", file: file, line: line)
    for text in [
      "^sysrq$", "^  panic  *sysrq triggered crash$", "^  kernel  *\(release)",
      "^processor note 1, task ",
    ] {
      try await run("grep -q '\(text)' /run/report", file: file, line: line)
    }
  }
}
