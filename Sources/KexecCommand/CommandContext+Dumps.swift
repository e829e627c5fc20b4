internal import ByteCoding
internal import CrashDumps
internal import CrashLogs
internal import LinuxSystem

// Reading dumps, which several commands do.

extension CommandContext {
  /// The dump at `path`. Says that its file ends too early, unless the caller does.
  func openDump(_ path: String, saysMissing: Bool = true) throws(CommandError) -> CrashImage {
    debug("reading the headers of \(path)")
    let file = try openFile(path)
    do throws(CrashImageError) {
      let image = try CrashImage(file)
      if saysMissing { warnOfMissingBytes(in: image, path: path) }
      return image
    } catch {
      throw CommandError(error, path: path)
    }
  }

  /// Says that the file of `image`, which is the dump at `path`, ends too early.
  func warnOfMissingBytes(in image: CrashImage, path: String) {
    if image.format.missingByteCount > 0 {
      warn("\(quoted(path)): the file was cut short: \(image.format.missingText)")
    } else if image.format.flattenedEnd == false {
      warn("\(quoted(path)): the flattened file has no end: it was cut short")
    }
  }

  /// What was read of a file that another process has cut short meanwhile is not said.
  func requireWhole(_ image: CrashImage, path: String) throws(CommandError) {
    guard image.isCutShort else { return }
    throw CommandError(
      .fileChanged, "\(quoted(path)): the file became shorter while it was read",
      advice: "read it again when no process writes to it")
  }

  /// The file at `path`, which a dump must be in.
  func openFile(_ path: String) throws(CommandError) -> RandomAccessFile {
    do throws(FileError) {
      return try RandomAccessFile(path: path)
    } catch {
      guard error.reason == .notRegular else { throw CommandError(error) }
      throw CommandError(
        .file(error.reason),
        "\(quoted(path)): it is neither a file nor a block device, which a dump must be in")
    }
  }

  /// The classes of all pages in `image`, which is the dump at `path`.
  func classify(
    _ image: CrashImage, _ level: DumpLevel, path: String, countsZeros: Bool = true
  ) throws(CommandError) -> Classification {
    debug("reading the memory map for dump level \(level.rawValue)")
    do throws(CrashImageError) {
      return try Classification(image, level: level, countsZeros: countsZeros)
    } catch {
      throw CommandError(error, path: path)
    }
  }

  /// The log in `image`, which is the dump at `path`. Says what of it is damaged.
  func readLog(of image: CrashImage, path: String) throws(CommandError) -> CrashLog {
    do throws(CrashLogError) {
      let log = try CrashLog(image)
      debug("the log has \(log.records.count) records")
      if let text = log.damage.text { warn("\(quoted(path)): \(text)") }
      return log
    } catch {
      throw CommandError(error, path: path)
    }
  }

  /// Reading a page that a machine check has named as bad may stop the processor again. A log that cannot be read
  /// names none.
  func avoidBadMemory(of image: CrashImage, path: String) {
    do throws(CrashLogError) {
      image.avoid(CrashHeadline(try CrashLog(image)).badFrames)
    } catch {
      debug("\(quoted(path)): the log cannot be read")
    }
  }
}
