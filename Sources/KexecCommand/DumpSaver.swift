internal import ByteCoding
internal import CrashDumps
internal import LinuxSystem

/// Saves the dumps of crashed kernels: everything that does so asks this.
struct DumpSaver: CommandContext {
  let kernel: LinuxKernel
  let common: CommonValues

  /// Saves the dump `source`.
  ///
  /// - Returns: what was done, when the dump is complete.
  /// - Throws: if it is not. The exit code says whether something of it can be read.
  func save(_ source: String, _ request: SaveRequest) throws(CommandError) -> SaveResult {
    try save(try openDump(source), of: source, request)
  }

  /// Saves `image`, which is the dump `source`, in the same way.
  func save(
    _ image: CrashImage, of source: String, _ request: SaveRequest
  ) throws(CommandError) -> SaveResult {
    kernel.signals.noteInterrupts()
    let file = try openTarget(request.target, replaces: request.replaces)
    return try SaveJob(self, image, source, request, file).run()
  }

  /// Saves a text, such as a log, as safely as a dump: whatever happens, no part of it is called `target`.
  func saveText(_ bytes: [UInt8], to target: String, replaces: Bool) throws(CommandError) {
    let file = try openTarget(target, replaces: replaces)
    do throws(WriteFailure) {
      let shared = SharedBytes(bytes)
      if file.kind == .pipe {
        try file.append(shared.span)
      } else {
        try file.output.write(shared.span, at: 0)
      }
    } catch {
      file.discard()
      throw CommandError(writing: error, to: target, interrupt: kernel.signals.interrupt())
    }
    do throws(FileError) {
      try file.sync()
      try file.publish()
    } catch {
      file.discard()
      throw CommandError(error)
    }
  }

  /// Opens what is to be written.
  func openTarget(_ path: String, replaces: Bool) throws(CommandError) -> OutputFile {
    debug("opening \(path) for writing")
    do throws(FileError) {
      return try OutputFile(path: path, replaces: replaces, on: kernel)
    } catch {
      throw CommandError(error)
    }
  }
}
