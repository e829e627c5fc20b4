internal import CrashDumps
internal import CrashLogs

// The sentences about the logs of crashed kernels.

extension CommandError {
  /// Why the log in the dump at `path` cannot be read.
  init(_ error: CrashLogError, path: String) {
    switch error {
    case .noLog:
      self.init(
        .log(.noLog),
        "\(quoted(path)): VMCOREINFO does not say where the log is (no prb, no log_buf)")
    case .memory(let error):
      self.init(.dump(error.code), "\(quoted(path)): the log cannot be read: \(error.text)")
    case .impossible(let name, let value):
      self.init(.log(.impossible), "\(quoted(path)): the log: \(name) cannot be \(value)")
    }
  }
}

extension LogDamage {
  /// What is missing; nil if nothing is.
  var text: String? {
    var parts: [String] = []
    for (name, count) in [
      ("unfinished records", unfinished), ("records without text", textLost),
      ("unreadable records", unreadable),
    ] where count > 0 {
      parts.append("\(name): \(count)")
    }
    if isSearched { parts.append("its ends are impossible, all of it was searched") }
    return parts.isEmpty ? nil : "the log is damaged: " + parts.joined(separator: ", ")
  }
}
