internal import CrashDumps
internal import DumpWriting
internal import LinuxSystem

extension DumpCommand {
  /// `kexec dump verify`: whether a dump is complete, and can be what was written.
  func verify() throws(CommandError) -> ExitCode {
    let file = try openFile(source)
    let progress = SaveProgress(kernel, isQuiet: common.isQuiet)
    progress.begin("verifying \(source)")
    let result: DumpChecker.Result
    do throws(CrashImageError) {
      result = try DumpChecker(file).check(extent: .all) { progress.update($0) }
    } catch {
      progress.end()
      throw CommandError(error, path: source)
    }
    progress.end()
    let report = DumpVerification(path: source, result: result)
    try print(report.text(on: kernel.outputTerminal), json: report.json)
    return report.exitCode
  }
}

/// What `kexec dump verify` has found.
struct DumpVerification {
  let path: String
  let result: DumpChecker.Result

  var exitCode: ExitCode {
    if result.faultCount > 0 { return result.isCut ? .incomplete : .failure }
    if result.isMarkedIncomplete { return .incomplete }
    return result.missingPages > 0 ? .downgraded : .success
  }

  func text(on terminal: Terminal) -> String {
    var text = "\(path): \(outcome)\n"
    text += terminal.row("  pages", "\(result.promisedPages)", column: 14)
    text += terminal.row("  checked", "\(result.checkedPages)", column: 14)
    if result.missingPages > 0 {
      text += terminal.row("  missing", "\(result.missingPages)", column: 14)
    }
    for fault in result.faults { text += terminal.row("  fault", fault.text, column: 14) }
    let rest = result.faultCount - min(result.faultCount, UInt64(result.faults.count))
    if rest > 0 { text += terminal.row("  fault", "\(rest) more", column: 14) }
    return text
  }

  private var outcome: String {
    switch exitCode {
    case .incomplete: "not complete"
    case .downgraded: "right, but pages are missing that could not be read"
    case .success: "complete and right"
    default: "wrong"
    }
  }

  var json: JSON {
    .document([
      ("path", .string(path)), ("promisedPages", .number(result.promisedPages)),
      ("checkedPages", .number(result.checkedPages)),
      ("missingPages", .number(result.missingPages)),
      ("isMarkedIncomplete", .bool(result.isMarkedIncomplete)),
      ("faultCount", .number(result.faultCount)),
      (
        "faults",
        .array(
          result.faults.map {
            .object([("code", .string($0.code)), ("message", .string($0.text))])
          })
      ),
    ])
  }
}

extension DumpChecker.Result {
  /// Whether what is wrong is only that the file ends too early.
  fileprivate var isCut: Bool {
    isMarkedIncomplete
      && faults.allSatisfy {
        switch $0 {
        case .unreadable(_, 0), .truncated, .noEnd: true
        default: false
        }
      }
  }
}
