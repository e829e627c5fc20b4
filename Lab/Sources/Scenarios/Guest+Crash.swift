import LabKit

extension Guest {
  /// Makes the kernel panic, and checks what its crash kernel finds: a dump of this kernel with the
  /// registers of `cpus` processors.
  func crash(
    into kernel: Kernel, cpus: Int, file: String = #fileID, line: Int = #line
  ) async throws -> (Guest, CoreDump) {
    let crash = try await jump("echo c >/proc/sysrq-trigger", file: file, line: line)
    try crash.mustBe(kernel, file: file, line: line)
    let dump = try await crash.coreDump()
    try expect(
      dump.processorCount == cpus, "the dump has \(dump.processorCount) processors, not \(cpus)",
      file: file, line: line)
    try expect(
      dump.information.contains("OSRELEASE=\(release)\n"),
      "VMCOREINFO is not of \(release): \(dump.information.prefix(100))", file: file, line: line)
    return (crash, dump)
  }

  /// The same with one processor. The dump must also contain, unchanged, the page of the kernel's
  /// first instruction, as it is in the memory of this machine (booted with `sharesMemory`).
  @discardableResult
  func crashKeepingMemory(
    into kernel: Kernel, file: String = #fileID, line: Int = #line
  ) async throws -> Guest {
    let place = try await place()
    let code = try memory(at: place.code, count: 4096)
    let (crash, dump) = try await crash(into: kernel, cpus: 1, file: file, line: line)
    try expect(
      try await crash.page(at: place.code, of: dump) == code,
      "the dump has something else at \(place.code), where the kernel was", file: file, line: line)
    return crash
  }
}
