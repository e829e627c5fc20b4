internal import ByteCoding
internal import CrashDumps
internal import CrashLogs
internal import LinuxSystem

extension DumpCommand {
  /// `kexec dump report`: what happened, from a dump or from the text of a log.
  ///
  /// - Returns: a failure if the dump has no log that can be read. What else it has is printed.
  func printReport() throws(CommandError) -> ExitCode {
    let report = try readReport()
    try print(report.text(on: kernel.outputTerminal), json: report.json)
    return report.dump != nil && report.damage == nil ? .failure : .success
  }

  private func readReport() throws(CommandError) -> CrashReport {
    if source == InputFile.standardInput { return try reportOfText() }
    let file: RandomAccessFile
    do throws(FileError) {
      file = try RandomAccessFile(path: source)
    } catch {
      // A pipe can only be a text.
      guard error.reason == .notRegular else { throw CommandError(error) }
      return try reportOfText()
    }
    let image: CrashImage
    do throws(CrashImageError) {
      image = try CrashImage(file)
      warnOfMissingBytes(in: image, path: source)
    } catch {
      guard case .otherFormat = error, file.startsAsText else {
        throw CommandError(error, path: source)
      }
      return try reportOfText()
    }
    return try report(of: image)
  }

  /// The report of a dump. Without a log it still has what the processors left.
  private func report(of image: CrashImage) throws(CommandError) -> CrashReport {
    var headline = CrashHeadline(log: [])
    var damage: LogDamage?
    do throws(CommandError) {
      let log = try readLog(of: image, path: source)
      headline = CrashHeadline(log)
      damage = log.damage
    } catch {
      warn(error.message)
    }
    // What a machine check has named as bad is not read.
    image.avoid(headline.badFrames)
    var classes: Classification?
    do throws(CommandError) {
      // Without the test for zeros, which reads all of the memory.
      classes = try classify(image, DumpLevel.all.subtracting(.zero), path: source)
    } catch {
      warn(error.message)
    }
    let report = CrashReport(image, headline, damage, classes)
    try requireWhole(image, path: source)
    return report
  }

  /// The report of the text of a log.
  private func reportOfText() throws(CommandError) -> CrashReport {
    do throws(FileError) {
      let file = try InputFile(path: source, limit: .mebibytes(256)) {
        self.warn("waiting for \(quoted(self.source))")
      }
      return CrashReport(headline: CrashHeadline(log: file.bytes.array), damage: nil, dump: nil)
    } catch {
      throw CommandError(error)
    }
  }
}

extension RandomAccessFile {
  /// Whether its first bytes are those of a text. An empty or unreadable file is none.
  fileprivate var startsAsText: Bool {
    do throws(ReadFailure) {
      return try bytes(at: 0, count: Int(min(byteCount, 4096))).array.allSatisfy {
        $0 >= 0x20 || (0x09...0x0D).contains($0) || $0 == 0x1B
      }
    } catch {
      return false
    }
  }
}
