internal import ByteCoding

/// What a kernel's log says about the crash, as a headline. What the log does not say is nil, never a guess, but
/// for the task of `isTaskCertain`.
package struct CrashHeadline: Sendable {
  /// What went wrong.
  package var kind = CrashKind.unknown
  /// The text of the panic, which may only be the consequence: "Fatal exception".
  package var panic: String?
  /// The line with the reason, without what stands around it.
  package var reason: String?
  /// Whether the kernel stopped, or at least a task: not after a warning.
  package var isFatal = false
  /// When it happened, in microseconds since the kernel started.
  package var time: UInt64?

  /// The processor that it happened on.
  package var processor: UInt64?
  /// The user of the task.
  package var user: UInt64?
  /// The task's number (PID).
  package var task: UInt64?
  /// The task's name (comm).
  package var taskName: String?
  /// False if the panic names no task, and this is the one of the event before it.
  package var isTaskCertain = true
  /// For a hung task: the task that did not go on. The task above is the kernel's own, which found it.
  package var blockedTask: String?

  /// "Not tainted" or the letters of the taint, as printed.
  package var taint: String?
  /// The kernel's release.
  package var release: String?
  /// Its kind of preemption: "PREEMPT_DYNAMIC".
  package var preemption: String?
  /// The computer and its firmware.
  package var hardware: String?
  /// How many processors the kernel ran on, as its lines about starting and stopping them say.
  package var processors: Int?
  /// Whether a crash kernel was loaded; some kernels say so.
  package var isKdumpLoaded: Bool?

  /// Where the kernel was: the first instruction pointer of the reason, unless it was in a program.
  package var instruction: CodePlace?
  /// The first function of the call trace that is more than the report itself.
  package var caller: CodePlace?
  /// The function that a work queue ran.
  package var workqueue: String?
  /// How far the kernel was moved from its linked address (KASLR), as printed; "disabled" is also one.
  package var kernelOffset: String?

  /// The reason of a machine check.
  package var machineCheckReason: String?
  /// Physical addresses that machine checks name as bad: reading them may stop the processor again.
  package var badAddresses: [UInt64] = []
  /// The numbers of the pages with those addresses.
  package var badFrames: [UInt64] { badAddresses.map { $0 >> 12 } }

  /// The kernel's modules, in the order of the log, without the marks of their taint.
  package var modules: [String] = []
  /// The kernel's command line.
  package var commandLine: String?

  /// How many oopses the log has.
  package var oopses = 0
  /// How many starts of a kernel the log has; the headline is about the last one that crashed.
  package var starts = 0

  /// Reads the log of a kernel that crashed, in any of the forms in which logs are passed on.
  package init(log: [UInt8]) {
    self.init(LogLine.lines(of: log))
  }

  /// The same of the log in a dump, which ends with the crash.
  package init(_ log: CrashLog) {
    self.init(log.lines, isOfDump: true)
  }

  /// The same of lines.
  init(_ lines: [LogLine], isOfDump: Bool = false) {
    let lines = HeadlineReader.joined(lines)
    // A log of a serial console may have the crash kernel's start, or earlier ones, too.
    var starts = lines.indices.filter { lines[$0].message.begins("Linux version ") }
    self.starts = starts.count
    if starts.isEmpty || starts[0] != 0 { starts.insert(0, at: 0) }
    var end = lines.count
    for start in starts.reversed() {
      let reader = HeadlineReader(Array(lines[start..<end]), isOfDump: isOfDump)
      if reader.hasCrash || start == 0 {
        let count = self.starts
        self = reader.headline()
        self.starts = count
        return
      }
      end = start
    }
  }

  /// Nothing.
  init() {}
}
