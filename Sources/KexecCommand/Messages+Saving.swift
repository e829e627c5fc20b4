internal import ByteCoding
internal import Compression
internal import CrashDumps
internal import DumpWriting
internal import LinuxSystem

// The sentences about saving dumps: what was done, what could not be, and what was found in a file.

extension Downgrade {
  /// What is missing.
  var text: String {
    switch self {
    case .levelRaised(let from, let to):
      "the dump level is \(to.rawValue) instead of \(from.rawValue): the space was not enough"
    case .pagesUnreadable(let count):
      "\(count) pages of the memory could not be read, and are missing"
    case .sourceIncomplete: "the source is not complete itself"
    case .noLog: "the log could not be read"
    case .logDamaged: "the log is damaged, and not all of it was saved"
    case .companionLost(let path): "\(quoted(path)) could not be written"
    }
  }
}

extension Verification {
  /// What stands behind "complete, ".
  var text: String {
    switch self {
    case .verified: "verified"
    case .notAsked: "not verified (--no-verify)"
    case .device: "not verified: a device is not read back"
    case .pipe: "not verified: a pipe cannot be read back"
    case .memory: "not verified: the file system is in memory only"
    case .notReached: "not verified"
    }
  }
}

extension DumpFileFormat {
  /// Its name for people.
  var text: String {
    switch self {
    case .compressed(let compression):
      compression.map { "kdump-compressed by \($0.rawValue)" }
        ?? "kdump-compressed, pages as they are"
    case .elf: "ELF"
    }
  }
}

extension SaveResult {
  /// The lines that say that it is there.
  var text: String {
    "\(target): complete, \(verification.text)\n"
      + "  \(byteText(written.byteCount)), \(format.text), dump level \(level.rawValue)\n"
  }
}

extension SpaceVerdict {
  /// What is said before the first byte; nil if there is nothing to say.
  func text(for target: String, level: DumpLevel) -> String? {
    switch self {
    case .fits: nil
    case .mayFit(let bound, let space):
      "\(quoted(target)): there is space for \(byteText(space)), and the dump of level \(level.rawValue) has up to "
        + "\(byteText(bound)): it fits if it can be compressed"
    case .cannotFit(let bound, let space):
      "\(quoted(target)): there is space for \(byteText(space)), which is too little for the dump of level "
        + "\(level.rawValue): it has up to \(byteText(bound))"
    }
  }
}

extension CommandError {
  /// Why a dump cannot be written to `path`, or not to its end. What is left has been decided already.
  init(saving error: DumpWriteError, from source: String, to path: String, interrupt: Int32) {
    switch error {
    case .source(let error): self.init(error, path: source)
    case .sourceChanged:
      self.init(
        .fileChanged, "\(quoted(source)): the memory in it has changed while it was saved",
        advice: "a dump is of a kernel that does not run any more")
    case .outOfMemory(let wanted):
      self.init(
        .file(.errno(.outOfMemory)),
        "\(quoted(path)): there is not enough memory to write it: \(byteText(UInt64(max(wanted, 0)))) more are needed"
      )
    case .output(let failure):
      self.init(writing: failure, to: path, interrupt: interrupt)
    }
  }

  init(writing failure: WriteFailure, to path: String, interrupt: Int32) {
    let errno = Errno(rawValue: failure.errno)
    if errno == .interrupted, interrupt != 0 {
      self.init(.interrupted, "\(quoted(path)): interrupted by signal \(interrupt)")
    } else if errno == .brokenPipe {
      self.init(
        .readerGone, "the program that reads the dump from the standard output has ended",
        advice: "what it has got is not complete")
    } else if errno.meansFull {
      self.init(.noSpace, "\(quoted(path)): \(errno.message)")
    } else {
      let why = failure.errno == 0 ? "it takes no more bytes" : errno.message
      self.init(
        .targetFailed, "\(quoted(path)): writing at offset \(failure.offset) failed: \(why)")
    }
  }

  /// The space is not enough, whatever compression does.
  init(bound: UInt64, space: UInt64, target: String) {
    self.init(
      .noSpace,
      "\(quoted(target)): the dump has up to \(byteText(bound)), but there is space for \(byteText(space))"
    )
  }

  /// The error says what is left: TARGET-incomplete, which can be read.
  func leaving(_ path: String) -> CommandError {
    var error = self
    error.exitCode = .incomplete
    error.advice = "\(quoted(path)) has what was written so far, and can be read"
    return error
  }

  /// What was read back is not what was written.
  init(wrong faults: [DumpFault], count: UInt64, path: String) {
    let first = faults.first.map { ": \($0.text)" } ?? ""
    self.init(
      .wrongDump, "\(quoted(path)): what was read back is not what was written\(first)",
      advice: "the medium may be damaged: save the dump to another one (\(count) faults)")
  }
}

extension Errno {
  /// Whether it says that there is no space, or not for a file of that size.
  var meansFull: Bool { self == .noSpace || self == .quotaExceeded || self == .fileTooBig }
}

extension DumpFault {
  /// What is wrong, and where.
  var text: String {
    switch self {
    case .unreadable(let offset, 0): "the file ends at \(offset), before what is needed"
    case .unreadable(let offset, let errno):
      "reading at offset \(offset) failed: \(Errno(rawValue: errno).message)"
    case .noEnd: "the flattened file has no end: it was cut short"
    case .truncated(let promised, let has):
      "the file has \(has) bytes, but its headers promise \(promised)"
    case .noInformation(let offset): "the notes at offset \(offset) have no VMCOREINFO"
    case .storedButNotMemory(let offset, let frame):
      "the map at offset \(offset) has the page \(hexText(frame << 12)), which is no memory"
    case .badDescriptor(let offset, let frame):
      "the descriptor of the page \(hexText(frame << 12)) at offset \(offset) cannot be right"
    case .badPage(let offset, let frame):
      "the page \(hexText(frame << 12)) at offset \(offset) does not decompress"
    case .otherPage(let offset, let frame):
      "the page \(hexText(frame << 12)) at offset \(offset) is another than in the source"
    case .otherDigest(let offset, let byteCount):
      "the \(byteCount) bytes from offset \(offset) on are others than were written"
    case .badSegment(let number):
      "program header \(number) promises bytes that the file does not have"
    }
  }

  /// Its code for programs.
  var code: String {
    switch self {
    case .unreadable: "unreadable"
    case .noEnd: "noEnd"
    case .truncated: "truncated"
    case .noInformation: "noInformation"
    case .storedButNotMemory: "storedButNotMemory"
    case .badDescriptor: "badDescriptor"
    case .badPage: "badPage"
    case .otherPage: "otherPage"
    case .otherDigest: "otherDigest"
    case .badSegment: "badSegment"
    }
  }
}
