internal import Compression
internal import CrashDumps
internal import DumpWriting
internal import LinuxSystem

extension DumpCommand {
  /// `kexec dump SOURCE TARGET`: saves a dump.
  func save() throws(CommandError) -> ExitCode {
    let image = try openDump(source)
    return try save(image, request(levels: values.levels ?? [.all], format: fileFormat(.zstd)))
  }

  /// Saves `image` as `request` says, and says what was done.
  func save(_ image: CrashImage, _ request: SaveRequest) throws(CommandError) -> ExitCode {
    let saver = DumpSaver(kernel: kernel, common: common)
    let result = try saver.save(image, of: source, request)
    // The standard output is the dump.
    guard !request.isToStandardOutput else { return result.exitCode }
    let manifest = DumpManifest(
      state: .complete, verification: result.verification, image: image, source: source,
      target: target, request: request, panic: result.panic, classification: result.classification,
      written: result.written, downgrades: result.downgrades)
    try print(result.text, json: manifest.json)
    return result.exitCode
  }

  /// What the options ask for.
  func request(levels: [DumpLevel], format: DumpFileFormat) -> SaveRequest {
    var request = SaveRequest(target: target)
    request.levels = levels
    request.format = format
    request.whenFull = values.whenFull ?? (levels.count > 1 ? .raiseLevel : .fail)
    request.verifies = values.verifies
    request.threads = values.threads
    request.replaces = values.replaces
    return request
  }

  /// The form of the file, whose pages are compressed by `method` if the options do not say.
  func fileFormat(_ method: PageCompression?) -> DumpFileFormat {
    values.fileFormat == .elf ? .elf : .compressed(values.compression ?? method)
  }
}
