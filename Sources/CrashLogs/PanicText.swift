/// The line with which a kernel panics, "Kernel panic - not syncing: REASON".
struct PanicText {
  /// What follows "not syncing: ".
  let text: LogBytes

  /// Nil if the line is something else.
  init?(_ message: LogBytes) {
    let start = message.begins("Kernel panic") || message.begins("PANIC: ")
    guard start || message.holds("] Kernel panic - "), !message.holds("---[ end Kernel panic")
    else {
      return nil
    }
    guard
      let text = message.after("Kernel panic - not syncing: ")
        ?? message.after("Kernel panic - not syncing") ?? message.after("Kernel panic: ")
    else { return nil }
    self.text = text.trimmed
  }

  /// What the panic is about, if that is always the same for its text.
  var kind: CrashKind? {
    Self.kinds.first { text.holds($0.0) }?.1
  }

  /// Whether the kernel panics because a warning or a report was the last that it was told to survive.
  var isAfterWarning: Bool { text.holds("panic_on_warn") }

  /// Whether it is the consequence of an oops.
  var isAfterOops: Bool {
    text.holds("atal exception") || text.begins("Oops") || isDeathOfInit
      || text.holds("Attempted to kill the idle task") || text.holds("killing interrupt handler")
      || text.holds("Machine halted") || text.holds("Unhandled exception")
  }

  /// Whether init died.
  var isDeathOfInit: Bool { text.holds("Attempted to kill init") }

  private static let kinds: [(String, CrashKind)] = [
    ("sysrq triggered crash", .sysrq), ("softlockup: ", .softLockup), ("hung_task: ", .hungTask),
    ("ard LOCKUP", .hardLockup), ("RCU Stall", .rcuStall), ("stack-protector: ", .stackProtector),
    ("Out of memory", .outOfMemory), ("out of memory", .outOfMemory),
    ("System is deadlocked on memory", .outOfMemory), ("NMI: Not continuing", .unknownNMI),
    ("NMI", .nmi), ("machine check", .machineCheck), ("Machine check", .machineCheck),
    ("MCE", .machineCheck), ("Timeout: Not all CPUs entered broadcast", .machineCheck),
    ("Fatal hardware error", .machineCheck), ("Unable to mount root fs", .noRoot),
    ("No working init found", .noInit), ("No init found", .noInit), ("Requested init ", .noInit),
    ("corrupted stack end", .stackOverflow), ("kernel stack overflow", .stackOverflow),
    ("SError", .systemError), ("scheduling while atomic", .scheduling),
    ("EXT4-fs (", .ext4Error), ("EXT4-fs panic", .ext4Error), ("XFS (", .xfsError),
    ("BTRFS", .btrfsError),
  ]
}
