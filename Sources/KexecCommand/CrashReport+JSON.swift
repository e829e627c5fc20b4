internal import CrashDumps
internal import CrashLogs

extension CrashReport {
  /// The report for programs. What is not known is null.
  var json: JSON {
    .document(event + place + surroundings + memoryAndProcessors)
  }

  // In parts: Swift 6.2 gives up on the types of one long list.

  private var event: [(String, JSON)] {
    [
      ("kind", .string(headline.kind.rawValue)), ("panic", .optional(headline.panic)),
      ("bug", .optional(headline.reason)), ("isFatal", .bool(headline.isFatal)),
      ("uptimeMicroseconds", .optional(headline.time)), ("cpu", .optional(headline.processor)),
      ("uid", .optional(headline.user)), ("pid", .optional(headline.task)),
      ("comm", .optional(headline.taskName)), ("isCommCertain", .bool(headline.isTaskCertain)),
      ("blockedTask", .optional(headline.blockedTask)), ("taint", .optional(headline.taint)),
      ("release", .optional(headline.release ?? dump?.release)),
      ("preempt", .optional(headline.preemption)), ("hardware", .optional(headline.hardware)),
      ("kdumpLoaded", headline.isKdumpLoaded.map(JSON.bool) ?? .null),
    ]
  }

  private var place: [(String, JSON)] {
    [
      ("rip", .optional(headline.instruction?.text)),
      ("isRipExact", headline.instruction.map { .bool($0.isExact) } ?? .null),
      ("module", .optional(headline.instruction?.module)),
      ("caller", .optional(headline.caller?.text)), ("workqueue", .optional(headline.workqueue)),
      ("kernelOffset", .optional(kernelOffset)),
    ]
  }

  private var surroundings: [(String, JSON)] {
    [
      ("machineCheckReason", .optional(headline.machineCheckReason)),
      ("badAddresses", .array(headline.badAddresses.map { .string(hexText($0)) })),
      ("modules", .array(headline.modules.map(JSON.string))),
      ("commandLine", .optional(headline.commandLine)),
      ("oopses", .number(UInt64(headline.oopses))), ("starts", .number(UInt64(headline.starts))),
    ]
  }

  private var memoryAndProcessors: [(String, JSON)] {
    [
      ("cpus", .optional(headline.processors.map { UInt64($0) })),
      ("buildID", .optional(dump?.buildID)), ("crashTime", .optional(dump?.crashTime)),
      ("memory", dump?.classes.map { memory($0) } ?? .null),
      ("processors", .array((dump?.processors ?? []).map { $0.json })),
      ("logDamage", damage?.json ?? .null),
    ]
  }

  /// Pages by kind.
  private func memory(_ classes: Classification) -> JSON {
    .object(
      PageClass.allCases.filter { $0 != .notMemory }.map {
        ($0.code, .number(classes.tally.count($0)))
      })
  }
}
