internal import ByteCoding
internal import Compression
internal import CrashDumps
internal import CrashLogs
internal import DumpWriting
internal import LinuxSystem

extension MakedumpfileCommand {
  private var saver: DumpSaver { DumpSaver(kernel: kernel, common: common) }

  /// Saves a dump.
  func save(_ source: String, _ target: String) throws(CommandError) {
    if target == OutputFile.standardOutput, kernel.streams.columns(.output) != nil {
      throw .usage(
        "the standard output is a terminal: -F writes the dump there",
        of: MakedumpfileInvocation.name)
    }
    let image = try openDump(source)
    sayInformation(of: image)
    warnOfCompression()
    var request = SaveRequest(target: target)
    request.levels = values.levels
    request.format = format
    request.whenFull = values.levels.count > 1 ? .raiseLevel : .fail
    request.threads = values.threads
    request.replaces = values.replaces
    // Callers give the directory a meaning of their own.
    request.hasCompanions = false
    let result = try saver.save(image, of: source, request)
    warnOfFindings(result.classification, source)
    sayReport(image, result.classification, result.written)
    sayCompleted("dumpfile", target)
  }

  /// Does everything but write. `--dry-run`
  func tryToSave(_ source: String, _ target: String) throws(CommandError) {
    let image = try openDump(source)
    sayInformation(of: image)
    warnOfCompression()
    // Reading a page that a machine check has named as bad may stop the processor again.
    if let log = try? CrashLog(image) { image.avoid(CrashHeadline(log).badFrames) }
    let classification = try classify(
      image, values.levels.first ?? [], path: source, countsZeros: false)
    warnOfFindings(classification, source)
    let writer: DumpWriter
    do throws(CrashImageError) {
      writer = try DumpWriter(
        image, classification, format: format,
        options: DumpWriter.Options(
          threads: values.threads ?? kernel.process.processorCount(), hashesChunks: false))
    } catch {
      throw CommandError(error, path: source)
    }
    let progress = SaveProgress(kernel, isQuiet: common.isQuiet)
    progress.begin("trying to write \(target)")
    let written: WrittenDump
    do throws(DumpWriteError) {
      written = try writer.write(to: RandomAccessOutput { _, _ in }) { progress.update($0) }
    } catch {
      throw CommandError(saving: error, from: source, to: target, interrupt: 0)
    }
    progress.end()
    sayReport(image, classification, written)
    sayCompleted("dumpfile", target)
  }

  /// Writes the log as `dmesg` showed it. `--dump-dmesg`
  func saveLog(_ source: String, _ target: String) throws(CommandError) {
    let image = try openDump(source)
    sayInformation(of: image)
    let log = try readLog(of: image, path: source)
    var first = 0
    if values.isSinceClear {
      if let clear = log.firstSinceClear {
        first = clear
      } else {
        warn("\(quoted(source)): when the log was cleared is not known, so all of it is saved")
      }
    }
    var writer = LogFormat.Writer(LogFormat(.dmesg), of: log)
    var bytes: [UInt8] = []
    for record in log.records[first...] { writer.write(record, to: &bytes) }
    writer.finish(&bytes)
    try saver.saveText(bytes, to: target, replaces: values.replaces)
    sayCompleted("dmesg log", target)
  }

  /// Makes a plain file of the flattened one on the standard input. `-R`
  func rearrange(_ target: String) throws(CommandError) {
    _ = try saver.unflatten(
      MakedumpfileInvocation.standardInput, to: target, replaces: values.replaces, rescues: false)
    sayCompleted("dumpfile", target)
  }

  private var format: DumpFileFormat {
    if values.isELF { return .elf }
    switch values.compression {
    case .none: return .compressed(nil)
    case .zlib, .lzo, .snappy: return .compressed(.zlib)
    case .zstd: return .compressed(.zstd)
    }
  }

  private func warnOfCompression() {
    switch values.compression {
    case .lzo:
      warn("-l: pages are compressed by zlib (-c), because this program does not write lzo")
    case .snappy:
      warn("-p: pages are compressed by zlib (-c), because this program does not write snappy")
    default: break
    }
  }

  private func sayReport(
    _ image: CrashImage, _ classification: Classification, _ written: WrittenDump
  ) {
    guard values.showsReport || values.messages.contains(.report) else { return }
    say(MakedumpfileReport.summary(of: image, classification, written), [])
  }
}
