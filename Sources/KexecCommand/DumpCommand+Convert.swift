internal import Compression
internal import CrashDumps
internal import DumpWriting
internal import LinuxSystem

extension DumpCommand {
  /// `kexec dump convert`: another form of a dump, a higher level, or a flattened file and what is inside. What the
  /// options do not ask for stays as it is.
  func convert() throws(CommandError) -> ExitCode {
    let saver = DumpSaver(kernel: kernel, common: common)
    let isToOutput = target == OutputFile.standardOutput
    let input = try saver.openSequentially(source)
    if input.isPipe || source == InputFile.standardInput {
      guard !isChanged, !isToOutput else {
        throw .usage(
          "what comes through a pipe can only be written into a file as it is",
          of: CommandWord.dump.name)
      }
      return try unflatten(input, saver)
    }
    let image = try openDump(source)
    if image.format.flattenedEnd == false, !values.rescues {
      throw CommandError(
        .cutShort, "\(quoted(source)): the flattened file has no end: it was cut short",
        advice: "--rescue saves what is there")
    }
    guard !isChanged else { return try save(image, request(of: image)) }
    switch (image.format.flattenedEnd, isToOutput) {
    case (_?, false): return try unflatten(input, saver)
    case (nil, true):
      try saver.flatten(source)
      return .success
    case (_?, true):
      throw .usage("\(quoted(source)) is flattened already", of: CommandWord.dump.name)
    case (nil, false): return try save(image, request(of: image))
    }
  }

  /// Whether anything of the dump is to become another than it is.
  private var isChanged: Bool {
    values.levels != nil || values.fileFormat != nil || values.compression != nil
  }

  private func unflatten(
    _ input: SequentialFile, _ saver: DumpSaver
  ) throws(CommandError) -> ExitCode {
    let done = try saver.unflatten(
      input, to: target, replaces: values.replaces, rescues: values.rescues,
      verifies: values.verifies)
    try print(done.text, json: done.json)
    return .success
  }

  /// What becomes of `image`: what it leaves out already is never there again.
  private func request(of image: CrashImage) -> SaveRequest {
    var left = DumpLevel(rawValue: 0)
    var format = DumpFileFormat.compressed(.zstd)
    switch image.format.layout {
    case .elf:
      if values.fileFormat == nil, values.compression == nil { format = .elf }
    case .compressed(let compression, let level, _):
      left = DumpLevel(rawValue: UInt8(truncatingIfNeeded: level) & DumpLevel.all.rawValue)
      // LZO is only read here. Every reader has zlib.
      format = .compressed(compression == .lzo ? .zlib : compression)
    }
    if case .compressed(let method) = format { format = fileFormat(method) }
    let levels = (values.levels ?? [left]).map { $0.union(left) }
    var request = request(levels: levels, format: format)
    request.hasCompanions = false
    return request
  }
}
