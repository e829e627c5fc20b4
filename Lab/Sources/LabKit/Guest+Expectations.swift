extension Guest {
  /// Fails unless `command` prints exactly `text`.
  public func mustSay(
    _ text: String, when command: String, file: String = #fileID, line: Int = #line
  ) async throws {
    let said = try await run(command, file: file, line: line).text
    try expect(
      said == text, "`\(command)` said \"\(said)\", not \"\(text)\"", file: file, line: line)
  }

  /// Fails unless both the kernel and the program say that a kernel is loaded (or that none is).
  public func mustHaveLoaded(
    _ isLoaded: Bool, file: String = #fileID, line: Int = #line
  ) async throws {
    let kernel = try await run("cat /sys/kernel/kexec_loaded", file: file, line: line).text
    try expect(
      kernel == (isLoaded ? "1" : "0"), "kexec_loaded is \(kernel)", file: file, line: line)
    try await run("kexec -l -S", exits: isLoaded ? 1 : 0, file: file, line: line)
  }

  /// Runs a load that the program must refuse with a message that contains `words`. Nothing may be
  /// loaded.
  ///
  /// A program that is not ours may print `othersSay` instead. Ours must exit with 1, 254 or 255.
  public func mustRefuse(
    _ command: String, saying words: String, othersSay: String? = nil,
    file: String = #fileID, line: Int = #line
  ) async throws {
    let wanted = machine.isToolOurs ? words : othersSay ?? words
    try expect(!wanted.isEmpty, "any message would pass", file: file, line: line)
    let output = try await attempt(command, file: file, line: line)
    let name = "`\(command.shortened)`"
    try expect(output.status != 0, "\(name) was accepted", file: file, line: line)
    let signals = 129...192
    try expect(
      !signals.contains(output.status), "\(name) was killed: \(output.status)",
      file: file, line: line)
    try expect(
      !machine.isToolOurs || [1, 254, 255].contains(output.status),
      "\(name) exited with \(output.status)", file: file, line: line)
    let said = output.errors + output.text
    try expect(
      said.contains(wanted), "\(name) said \"\(said)\", nothing about \(wanted)",
      file: file, line: line)
    try await mustHaveLoaded(false, file: file, line: line)
  }

  /// Fails unless this kernel, or an earlier one in the same machine, logged `text`.
  public func mustHaveLogged(
    _ text: String, file: String = #fileID, line: Int = #line
  ) throws {
    let lines = machine.console.transcript.lines()
    try expect(
      lines.contains { $0.text.contains(text) }, "no kernel logged \(text)",
      file: file, line: line)
  }

  /// Fails if this kernel logged `text` since it was started by the previous kernel.
  public func mustNotHaveLogged(
    _ text: String, file: String = #fileID, line: Int = #line
  ) throws {
    let lines = machine.console.transcript.lines()
    // With `quiet` the old kernel does not say that it starts the next one, whose first lines come anyway.
    let start =
      lines.lastIndex { $0.text.contains("Starting new kernel") }
      ?? lines.lastIndex { $0.text.contains("[    0.000000] Command line:") } ?? 0
    try expect(
      !lines[start...].contains { $0.text.contains(text) }, "the kernel logged \(text)",
      file: file, line: line)
  }

  /// Skips the scenario if the program's help does not mention `option`.
  public func skipUnlessOffered(_ option: String) async throws {
    let help = try await attempt("kexec --help")
    guard (help.text + help.errors).contains(option) else {
      throw Skip("the program has no \(option)")
    }
  }
}
