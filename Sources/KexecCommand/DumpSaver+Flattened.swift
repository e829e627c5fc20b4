internal import ByteCoding
internal import CrashDumps
internal import DumpWriting
internal import LinuxSystem

/// A flattened file whose contents were written, or the other way round.
struct UnflattenedDump {
  let source: String
  let target: String
  /// Bytes of the file inside.
  let byteCount: UInt64
  /// Records of the flattened file.
  let recordCount: UInt64
  let verification: Verification

  /// The lines that say that it is there.
  var text: String {
    "\(target): complete, \(verification.text)\n  \(byteText(byteCount)), as in \(quoted(source))\n"
  }

  var json: JSON {
    .document([
      ("recordCount", .number(recordCount)), ("source", .string(source)),
      ("target", .string(target)), ("byteCount", .number(byteCount)),
      ("verification", .string(verification.rawValue)),
    ])
  }
}

extension DumpSaver {
  /// Larger records are written in parts.
  private static let partSize: Int = .mebibytes(16)

  /// Writes what is inside the flattened file `source` as it is. `-` is the standard input.
  ///
  /// A file that was cut is refused, unless it `rescues`: then its whole records stay, as a file that says that it is not
  /// complete. What comes through a pipe cannot be read again, so that stays in any case.
  func unflatten(
    _ source: String, to target: String, replaces: Bool, rescues: Bool, verifies: Bool = true
  ) throws(CommandError) -> UnflattenedDump {
    try unflatten(
      try openSequentially(source), to: target, replaces: replaces, rescues: rescues,
      verifies: verifies)
  }

  /// Opens a file that is read from its start to its end.
  func openSequentially(_ path: String) throws(CommandError) -> SequentialFile {
    do throws(FileError) {
      return try SequentialFile(path: path)
    } catch {
      throw CommandError(error)
    }
  }

  /// The same with a file that is open.
  func unflatten(
    _ input: SequentialFile, to target: String, replaces: Bool, rescues: Bool, verifies: Bool
  ) throws(CommandError) -> UnflattenedDump {
    kernel.signals.noteInterrupts()
    let source = input.path
    guard FlattenedRecord.isHead(try bytes(of: input, FlattenedLayout.headSize)) else {
      throw CommandError(
        .dump(.otherFormat), "\(quoted(source)): it is not a flattened file",
        advice: "kexec dump SOURCE - writes one, and so does makedumpfile -F")
    }
    let file = try openTarget(target, replaces: replaces)
    guard file.kind != .pipe else {
      throw .usage(
        "the file inside a flattened one cannot be written into a pipe", of: CommandWord.dump.name)
    }
    var counts = (bytes: UInt64(0), records: UInt64(0))
    do throws(CommandError) {
      guard try copyRecords(input, to: file, &counts) else {
        throw CommandError(
          .cutShort, "\(quoted(source)): the flattened file has no end: it was cut short",
          advice: "--rescue saves what is there")
      }
      try sync(file)
    } catch {
      let mayStay = error.code != .situation(.cutShort) || rescues || input.isPipe
      throw mayStay ? leavePart(of: file, error) : discard(file, error)
    }
    let verification = try verify(file, verifies)
    do throws(FileError) {
      try file.publish()
    } catch {
      throw CommandError(error).leaving(file.currentPath)
    }
    return UnflattenedDump(
      source: source, target: target, byteCount: counts.bytes, recordCount: counts.records,
      verification: verification)
  }

  /// Writes the file `source` as it is, flattened, to the standard output.
  func flatten(_ source: String) throws(CommandError) {
    kernel.signals.noteInterrupts()
    let input = try openFile(source)
    let file = try openTarget(OutputFile.standardOutput, replaces: false)
    let flattened = FlattenedOutput(append: file.append)
    var offset: UInt64 = 0
    while offset < input.byteCount {
      let count = min(UInt64(1 << 20), input.byteCount - offset)
      let part: SharedBytes
      do throws(ReadFailure) {
        part = try input.bytes(at: offset, count: Int(count))
      } catch {
        throw CommandError(
          .unreadable(offset: error.offset, errno: error.errno), path: source)
      }
      do throws(WriteFailure) {
        try flattened.output.write(part.span, at: offset)
      } catch {
        throw CommandError(writing: error, to: file.path, interrupt: kernel.signals.interrupt())
      }
      offset += count
    }
    do throws(WriteFailure) {
      try flattened.finish()
    } catch {
      throw CommandError(writing: error, to: file.path, interrupt: kernel.signals.interrupt())
    }
  }

  private func bytes(of input: SequentialFile, _ count: Int) throws(CommandError) -> SharedBytes {
    switch input.read(count) {
    case .success(let bytes): return bytes
    case .failure(let error): throw CommandError(error)
    }
  }

  /// - Returns: whether the record is there that ends the file. A record that was cut is left out.
  private func copyRecords(
    _ input: SequentialFile, to file: OutputFile, _ counts: inout (bytes: UInt64, records: UInt64)
  ) throws(CommandError) -> Bool {
    while true {
      let head = try bytes(of: input, FlattenedLayout.recordSize)
      guard head.count == FlattenedLayout.recordSize else { return false }
      switch FlattenedRecord(head) {
      case .end?: return true
      case nil: throw CommandError(.badRecord(offset: counts.bytes), path: input.path)
      case .part(let offset, let byteCount)?:
        var done: UInt64 = 0
        while done < byteCount {
          let wanted = Int(min(UInt64(Self.partSize), byteCount - done))
          let part = try bytes(of: input, wanted)
          guard part.count == wanted else { return false }
          do throws(WriteFailure) {
            try file.output.write(part.span, at: offset + done)
          } catch {
            throw CommandError(
              writing: error, to: file.path, interrupt: kernel.signals.interrupt())
          }
          done += UInt64(wanted)
        }
        counts.bytes = max(counts.bytes, offset + byteCount)
        counts.records += 1
      }
    }
  }

  private func sync(_ file: OutputFile) throws(CommandError) {
    do throws(FileError) {
      try file.sync()
    } catch {
      throw CommandError(error)
    }
  }

  /// Leaves what was written so far, marked as not complete, if it can be read.
  private func leavePart(of file: OutputFile, _ error: CommandError) -> CommandError {
    if let written = try? RandomAccessFile(path: file.currentPath),
      (try? CrashImage(written)) != nil, file.setMark(reading: written)
    {
      file.keepIncomplete()
      return error.leaving(file.currentPath)
    }
    return discard(file, error)
  }

  private func discard(_ file: OutputFile, _ error: CommandError) -> CommandError {
    file.discard()
    return error
  }

  /// Reads the written file back. What is inside need be no dump that this program knows.
  private func verify(
    _ file: OutputFile, _ verifies: Bool
  ) throws(CommandError) -> Verification {
    guard verifies else { return .notAsked }
    if case .device = file.kind { return .device }
    let back: RandomAccessFile?
    do throws(FileError) {
      back = try file.readBack()
    } catch {
      throw leavePart(of: file, CommandError(error))
    }
    guard let back else { return .memory }
    let progress = SaveProgress(kernel, isQuiet: common.isQuiet)
    progress.begin("reading back \(file.path)")
    defer { progress.end() }
    guard
      let result = try? DumpChecker(back).check(extent: .all, progress: { progress.update($0) })
    else { return .notAsked }
    guard result.faultCount == 0 else {
      throw CommandError(wrong: result.faults, count: result.faultCount, path: file.currentPath)
    }
    if result.isMarkedIncomplete {
      file.keepIncomplete()
      throw CommandError(
        .cutShort, "\(quoted(file.path)): the dump inside says itself that it is not complete"
      ).leaving(file.currentPath)
    }
    return .verified
  }
}
