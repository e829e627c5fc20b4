internal import CrashDumps
internal import CrashLogs
internal import LinuxSystem

// The sentences about dumps and logs of crashed kernels.

extension CommandError {
  /// - Parameters:
  ///   - path: the dump, as the user gave it.
  ///   - part: what of it was being read, such as "the log".
  init(_ error: CrashImageError, path: String, part: String? = nil) {
    let file = part.map { "\(quoted(path)): \($0)" } ?? quoted(path)
    var advice: String?
    let why: String
    switch error {
    case .elf:
      why = "the headers of the ELF file are damaged"
      advice = "copy the dump again"
    case .otherFormat(let start):
      why = "not a dump: it starts with \(hexText(start))"
      advice = "give /proc/vmcore, or a file that makedumpfile or kexec wrote"
    case .notCore(let type):
      why = "an ELF file, but not a core file: its e_type is \(type), not 4"
    case .otherMachine(let machine):
      why = "a dump of another processor (e_machine \(machine)); only x86_64 (62) is supported"
    case .unreadable(let offset, 0):
      why = "the file ends at offset \(offset)"
      advice = "copy the dump again"
    case .unreadable(let offset, let errno):
      why = "cannot be read at offset \(offset): \(Errno(rawValue: errno).message)"
    case .missingKey(let key): why = "VMCOREINFO has no usable \(key)"
    case .noInformation: why = "no VMCOREINFO, neither as a note nor in the memory"
    case .tooLarge(let virtual, let count):
      why = "\(count) bytes at \(hexText(virtual)) are more than any table of a kernel has"
    case .notMapped(let virtual): why = "the kernel has no memory at \(hexText(virtual))"
    case .notInDump(let physical): why = "the dump does not have the memory at \(hexText(physical))"
    }
    self.init(.dump(error.code), "\(file): \(why)", advice: advice)
  }

  init(_ error: CrashLogError, path: String) {
    switch error {
    case .noLog:
      self.init(
        .log(.noLog),
        "\(quoted(path)): VMCOREINFO does not say where the log is (no prb, no log_buf)")
    case .memory(let error): self.init(error, path: path, part: "the log")
    case .impossible(let name, let value):
      self.init(.log(.impossible), "\(quoted(path)): the log: \(name) cannot be \(value)")
    }
  }
}

extension LogDamage {
  /// What is missing; nil if nothing is.
  var text: String? {
    var parts: [String] = []
    func add(_ count: Int, _ what: String) {
      if count > 0 { parts.append("\(count == 1 ? "1 record" : "\(count) records") \(what)") }
    }
    add(unfinished, "not finished")
    add(textLost, "without text")
    add(unreadable, "not readable")
    if isSearched { parts.append("its ends are impossible, so all of it was searched") }
    return parts.isEmpty ? nil : "the log is damaged: " + parts.joined(separator: ", ")
  }
}
