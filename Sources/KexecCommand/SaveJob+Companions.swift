internal import ByteCoding
internal import CrashDumps
internal import CrashLogs
internal import DumpWriting
internal import LinuxSystem

/// What stands behind the name of a dump in the names of the files beside it.
enum Companion: String, CaseIterable {
  case log = "-log.txt"
  case report = "-report.txt"
  case manifest = "-manifest.json"
}

extension SaveJob {
  private var hasCompanions: Bool { request.hasCompanions && file.isFile }

  /// Refuses files beside the dump that would be lost.
  func checkCompanions() throws(CommandError) {
    guard hasCompanions else { return }
    for companion in Companion.allCases {
      do throws(FileError) {
        try file.checkCompanion(companion.rawValue)
      } catch {
        file.discard()
        throw CommandError(error)
      }
    }
  }

  /// Reads the log, and writes it. From here on what a machine check has named as bad is not read.
  func saveLog() {
    let log: CrashLog
    do throws(CommandError) {
      log = try readLog(of: image, path: source)
    } catch {
      warn(error.message)
      return downgrades.append(.noLog)
    }
    headline = CrashHeadline(log)
    damage = log.damage
    if log.damage.text != nil { downgrades.append(.logDamaged) }
    image.avoid(headline.badFrames)
    guard hasCompanions else { return }
    var writer = LogFormat.Writer(LogFormat(.dmesg), of: log)
    var output: [UInt8] = []
    for record in log.records { writer.write(record, to: &output) }
    writer.finish(&output)
    save(.log, output)
  }

  /// Writes the report.
  func saveReport(_ classification: Classification) {
    guard hasCompanions else { return }
    let report = CrashReport(image, headline, damage, classification)
    save(.report, report.text(on: .none).losslessBytes)
  }

  /// Writes the manifest.
  func saveManifest(
    _ state: DumpManifest.State, _ verification: Verification, _ classification: Classification?,
    _ written: WrittenDump?
  ) {
    guard hasCompanions else { return }
    let manifest = DumpManifest(
      state: state, verification: verification, image: image, source: source,
      target: request.target, request: request, panic: headline.panic,
      classification: classification, written: written, downgrades: downgrades)
    save(.manifest, manifest.json.text.losslessBytes)
  }

  private func save(_ companion: Companion, _ bytes: [UInt8]) {
    do throws(FileError) {
      try file.writeCompanion(companion.rawValue, bytes)
    } catch {
      warn(CommandError(error).message)
      downgrades.append(.companionLost(error.path))
    }
  }

  /// Ends with the log and the report alone, where those are written.
  func leaveLog(_ error: CommandError) -> CommandError {
    // The manifest needs space, too.
    try? file.restart()
    saveManifest(.logOnly, .notReached, nil, nil)
    let path = hasCompanions ? file.companionPath(Companion.log.rawValue) : nil
    file.discard(keepsCompanions: true)
    guard let path, damage != nil else { return error }
    var error = error
    error.exitCode = .incomplete
    error.advice = "only the log and the report were saved: \(quoted(path))"
    return error
  }
}

extension CrashReport {
  /// The report of a dump.
  init(
    _ image: CrashImage, _ headline: CrashHeadline, _ damage: LogDamage?, _ classes: Classification?
  ) {
    let processors = image.notes.filter { $0.isProcessor }.compactMap {
      ProcessorState(note: $0.bytes, in: image)
    }
    self.init(
      headline: headline, damage: damage,
      dump: Dump(
        release: image.information.release, buildID: image.information.buildID,
        crashTime: image.information.crashTime, kernelOffset: image.information.kernelOffset,
        classes: classes, processors: processors))
  }
}
