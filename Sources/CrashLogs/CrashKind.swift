/// What went wrong, in one or two words that programs can match.
package enum CrashKind: String, CaseIterable, Sendable {
  /// Somebody asked for the crash: SysRq with c.
  case sysrq
  case nullDereference = "NULL deref"
  case pageFault = "page fault"
  case generalProtection = "GPF"
  case doubleFault = "double fault"
  case divideError = "divide error"
  case invalidOpcode = "invalid opcode"
  /// An exception that has no case of its own here.
  case fault
  /// BUG() in the kernel's source.
  case bug = "BUG"
  case listCorruption = "list corruption"
  case usercopy
  case bufferOverflow = "buffer overflow"
  /// A control flow check of the compiler.
  case controlFlow = "CFI"
  case stackProtector = "stack-protector"
  case stackOverflow = "stack overflow"
  /// The log has the oops, but not what it was.
  case oops
  case oopsInInit = "oops in init"
  case initDied = "init died"
  case noInit = "no init"
  case noRoot = "no root fs"
  case softLockup = "soft lockup"
  case hardLockup = "hard lockup"
  case hungTask = "hung task"
  case workqueueLockup = "workqueue lockup"
  case rcuStall = "RCU stall"
  case unknownNMI = "unknown NMI"
  /// An NMI with a reason: a watchdog, the bus, a memory parity error.
  case nmi = "NMI"
  case machineCheck = "MCE"
  /// The asynchronous error of arm64.
  case systemError = "SError"
  case outOfMemory = "OOM"
  case kasan = "KASAN"
  case kfence = "KFENCE"
  case kcsan = "KCSAN"
  case kmsan = "KMSAN"
  case ubsan = "UBSAN"
  case warning = "WARN"
  case lockdep
  case scheduling = "scheduling while atomic"
  case sleeping = "sleeping in atomic context"
  case spinlock
  case badPage = "bad page"
  case panicOnWarn = "panic_on_warn"
  case xfsError = "xfs error"
  case ext4Error = "ext4 error"
  case btrfsError = "btrfs error"
  /// A panic for another reason, which its text says.
  case panic
  /// Nothing in the log says that something went wrong.
  case unknown

  /// How bad it is, if the log has no panic: 4 when the kernel cannot go on, or only without the task; 3 for
  /// lockups; 2 for memory that was used wrongly; 1 for what may be a consequence; 0 for what kernels survive.
  var severity: Int {
    switch self {
    case .outOfMemory, .xfsError, .ext4Error, .btrfsError, .unknown: 0
    case .warning, .lockdep, .scheduling, .sleeping, .spinlock, .unknownNMI, .nmi, .hungTask,
      .rcuStall, .workqueueLockup, .panicOnWarn, .kcsan:
      1
    case .kasan, .kfence, .kmsan, .ubsan, .badPage: 2
    case .softLockup, .hardLockup: 3
    default: 4
    }
  }

  /// Whether the processor or the kernel's source stopped a task: panics that follow are named "Fatal exception"
  /// or after the death of init.
  var isOops: Bool {
    switch self {
    case .sysrq, .nullDereference, .pageFault, .generalProtection, .doubleFault, .divideError,
      .invalidOpcode, .fault, .bug, .listCorruption, .usercopy, .bufferOverflow, .controlFlow,
      .stackOverflow, .oops, .systemError:
      true
    default: false
    }
  }
}
