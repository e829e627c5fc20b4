internal import ByteCoding
internal import CrashDumps
internal import CrashLogs
internal import DumpWriting
internal import LinuxSystem

/// The saving of one dump, from the open target to its final name.
///
/// The order is what makes it safe: the log and the report first, which are small and tell most; then the dump, which can
/// be read from its first moment on and says that it is not complete; it is read back, the mark is dropped, and only then it
/// gets its name.
final class SaveJob: CommandContext {
  let kernel: LinuxKernel
  let common: CommonValues
  let image: CrashImage
  let source: String
  let request: SaveRequest
  let file: OutputFile
  let progress: SaveProgress
  /// Reads the dump back while it is written.
  private var follower: FollowingChecker?
  /// What the dump will lack of what was asked for.
  var downgrades: [Downgrade] = []
  /// What the log says of the crash.
  var headline = CrashHeadline(log: [])
  /// What of the log could not be read; nil without a log.
  var damage: LogDamage?

  /// Up to this size all of a dump is read back, unless that was done already while it was written; of larger ones as many
  /// pages as this size has.
  private static let fullyChecked: UInt64 = .mebibytes(256)
  /// So many pages are decompressed of a dump that is all as it was written.
  private static let samples: UInt64 = 64

  init(
    _ saver: DumpSaver, _ image: CrashImage, _ source: String, _ request: SaveRequest,
    _ file: OutputFile
  ) {
    (kernel, common) = (saver.kernel, saver.common)
    (self.image, self.source, self.request, self.file) = (image, source, request, file)
    progress = SaveProgress(saver.kernel, isQuiet: saver.common.isQuiet)
  }

  func run() throws(CommandError) -> SaveResult {
    try checkCompanions()
    if image.format.isCut { downgrade(.sourceIncomplete) }
    saveLog()
    let attempts = request.attempts
    var index = 0
    while true {
      let level = attempts[index]
      if index > 0 {
        downgrades.removeAll { $0.code == .levelRaised }
        downgrade(.levelRaised(from: attempts[0], to: level))
      }
      let next = index + 1 < attempts.count ? attempts[index + 1] : nil
      let classification: Classification
      let writer: DumpWriter
      do throws(CommandError) {
        classification = try classify(image, level, path: source, countsZeros: false)
        if index == 0 { saveReport(classification) }
        writer = try makeWriter(classification)
      } catch {
        file.discard(keepsCompanions: true)
        throw error
      }
      let verdict = SpaceVerdict(
        bound: writer.largestByteCount, space: file.freeSpace,
        isCompressed: request.format != .elf
          && request.format != .compressed(nil))
      if let text = verdict.text(for: request.target, level: level) { warn(text) }
      if case .cannotFit(let bound, let space) = verdict {
        if request.whenFull == .logOnly {
          throw leaveLog(CommandError(bound: bound, space: space, target: request.target))
        }
        if request.whenFull == .raiseLevel, next != nil {
          index += 1
          continue
        }
      }
      let written: WrittenDump
      do throws(DumpWriteError) {
        written = try write(writer)
      } catch {
        progress.end()
        if error.meansFull, request.whenFull == .raiseLevel, next != nil, restart() {
          index += 1
          continue
        }
        let reason = CommandError(
          saving: error, from: source, to: request.target, interrupt: kernel.signals.interrupt())
        throw error.meansFull && request.whenFull == .logOnly
          ? leaveLog(reason) : leavePart(reason, classification)
      }
      return try finish(written, classification)
    }
  }
}

extension SaveJob {
  private func makeWriter(
    _ classification: Classification
  ) throws(CommandError) -> DumpWriter {
    let isFile = file.isFile
    do throws(CrashImageError) {
      return try DumpWriter(
        image, classification, format: request.format,
        options: DumpWriter.Options(
          threads: threadCount,
          // A device has what was on it before.
          isBlank: isFile || file.kind == .pipe,
          // A quarter of the time, where compression takes the rest.
          hashesChunks: isFile && request.verifies))
    } catch {
      throw CommandError(error, path: source)
    }
  }

  private var threadCount: Int { request.threads ?? kernel.process.processorCount() }

  /// Writes the dump, and waits until the medium has it. Into a pipe it is flattened, and ends here.
  private func write(_ writer: DumpWriter) throws(DumpWriteError) -> WrittenDump {
    progress.begin("writing \(request.target)")
    defer { progress.end() }
    guard file.kind == .pipe else { return try writeFile(writer) }
    let flattened = FlattenedOutput(append: file.append)
    let written = try writer.write(to: flattened.output) { self.progress.update($0) }
    do throws(WriteFailure) {
      try flattened.output.write(written.mark.bytes, at: written.mark.offset)
      try flattened.finish()
    } catch {
      throw .output(error)
    }
    return written
  }

  private func writeFile(_ writer: DumpWriter) throws(DumpWriteError) -> WrittenDump {
    // With one processor it would only be in the way.
    follower = nil
    if request.verifies, threadCount > 1 {
      follower = file.readerBehind().map { FollowingChecker($0) }
    }
    do throws(DumpWriteError) {
      let written = try writer.write(to: file.output) {
        self.progress.update($0)
        self.follower?.advance($0)
      }
      do throws(FileError) {
        try file.sync()
      } catch {
        throw .output(WriteFailure(offset: written.byteCount, errno: error.errno))
      }
      return written
    } catch {
      follower?.cancel()
      throw error
    }
  }

  /// Makes the file empty; false where that cannot be.
  private func restart() -> Bool {
    guard file.kind != .pipe else { return false }
    return (try? file.restart()) != nil
  }

  /// Reads the dump back, drops its mark, and gives it its name.
  private func finish(
    _ written: WrittenDump, _ classification: Classification
  ) throws(CommandError) -> SaveResult {
    if written.unreadablePages > 0 { downgrade(.pagesUnreadable(written.unreadablePages)) }
    let verification: Verification
    do throws(CommandError) {
      verification = try verify(written)
      try dropMark(of: written)
    } catch {
      throw error.code == .situation(.wrongDump) ? error : leavePart(error, classification)
    }
    saveManifest(.complete, verification, classification, written)
    do throws(FileError) {
      try file.publish()
    } catch {
      throw CommandError(error).leaving(file.currentPath)
    }
    return SaveResult(
      source: source, target: request.target, format: request.format,
      classification: classification, panic: headline.panic, written: written,
      downgrades: downgrades, verification: verification)
  }

  /// Compares what is on the medium with what was written.
  private func verify(_ written: WrittenDump) throws(CommandError) -> Verification {
    switch file.kind {
    case .pipe: return .pipe
    case _ where !request.verifies: return .notAsked
    case .device: return .device
    case .file(isInMemory: true): return .memory
    case .file: break
    }
    debug("reading \(file.currentPath) back")
    progress.begin("reading back \(request.target)")
    defer { progress.end() }
    let result: DumpChecker.Result
    do throws(FileError) {
      guard let back = try file.readBack() else { return .memory }
      result = try check(back, written).get()
    } catch {
      try checkInterrupt()
      throw CommandError(error)
    }
    try checkInterrupt()
    guard result.faultCount == 0 else {
      throw CommandError(wrong: result.faults, count: result.faultCount, path: file.currentPath)
    }
    return .verified
  }

  private func checkInterrupt() throws(CommandError) {
    let interrupt = kernel.signals.interrupt()
    guard interrupt != 0 else { return }
    throw CommandError(
      writing: WriteFailure(offset: 0, errno: Errno.interrupted.rawValue), to: request.target,
      interrupt: interrupt)
  }

  private func check(
    _ back: RandomAccessFile, _ written: WrittenDump
  ) -> Result<DumpChecker.Result, FileError> {
    var faults: [DumpFault] = []
    var samples = Self.fullyChecked >> 12
    if follower != nil || written.byteCount <= Self.fullyChecked {
      let checker =
        follower
        ?? FollowingChecker { (offset, count) throws(ReadFailure) in
          try back.bytes(at: offset, count: count)
        }
      follower = nil
      faults = checker.finish(written, reading: back)
      samples = Self.samples
    }
    do throws(CrashImageError) {
      var result = try DumpChecker(back).check(
        written, before: written.dataStart, extent: .samples(samples)
      ) { self.progress.update($0) }
      for fault in faults { result.note(fault) }
      return .success(result)
    } catch {
      // What was just written has no headers that can be read.
      var errno = Errno.inputOutput
      if case .unreadable(_, let number) = error, number != 0 { errno = Errno(rawValue: number) }
      return .failure(FileError(file.currentPath, .errno(errno)))
    }
  }

  /// The dump no longer says that it is not complete. In a flattened file it does not any more.
  private func dropMark(of written: WrittenDump) throws(CommandError) {
    guard file.kind != .pipe else { return }
    do throws(WriteFailure) {
      try file.output.write(written.mark.bytes, at: written.mark.offset)
    } catch {
      throw CommandError(
        writing: error, to: request.target, interrupt: kernel.signals.interrupt())
    }
    do throws(FileError) {
      try file.sync()
    } catch {
      throw CommandError(error)
    }
  }

  /// Ends with what was written so far, if that can be read.
  private func leavePart(
    _ error: CommandError, _ classification: Classification
  ) -> CommandError {
    guard file.kind != .pipe else { return error }
    guard isMarkedAndReadable(file.currentPath) else {
      file.discard(keepsCompanions: true)
      return error
    }
    file.keepIncomplete()
    saveManifest(.incomplete, .notReached, classification, nil)
    return error.leaving(file.currentPath)
  }

  /// Whether what was written so far can be read. Its mark is set anew if it was dropped already.
  private func isMarkedAndReadable(_ path: String) -> Bool {
    guard let written = try? RandomAccessFile(path: path), let image = try? CrashImage(written)
    else { return false }
    return image.format.isMarkedIncomplete || file.setMark(reading: written)
  }

  /// Notes what the dump will lack, and says it.
  func downgrade(_ downgrade: Downgrade) {
    downgrades.append(downgrade)
    warn("\(quoted(request.target)): \(downgrade.text)")
  }
}

extension OutputFile {
  /// Makes the dump in this file say that it is not complete. `written` is the same file, to be read.
  ///
  /// - Returns: whether that worked.
  func setMark(reading written: RandomAccessFile) -> Bool {
    let count = Int(min(written.byteCount, UInt64(IncompleteMark.neededBytes)))
    guard let start = try? written.bytes(at: 0, count: count),
      let mark = IncompleteMark(for: start)
    else { return false }
    return (try? output.write(mark.bytes, at: mark.offset)) != nil
  }
}

extension DumpWriteError {
  /// Whether there is no more space.
  fileprivate var meansFull: Bool {
    guard case .output(let failure) = self else { return false }
    return Errno(rawValue: failure.errno).meansFull
  }
}

extension FileError {
  /// The errno; EIO where there is none.
  fileprivate var errno: Int32 {
    guard case .errno(let errno) = reason else { return Errno.inputOutput.rawValue }
    return errno.rawValue
  }
}

extension DumpFormat {
  /// Whether the dump is not complete, as far as it says so itself or shows it.
  var isCut: Bool { isMarkedIncomplete || flattenedEnd == false || missingByteCount > 0 }
}
