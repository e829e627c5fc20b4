/// One record of the kernel's log: what one call of printk wrote. Corresponds to printk_info and its text.
package struct LogRecord: Equatable, Sendable {
  /// The kernel's number for it, from 0; nil in kernels before 5.10, which do not keep it with the record.
  package let sequence: UInt64?
  /// When it was written, in nanoseconds since the kernel started.
  package let time: UInt64
  /// 0 for the kernel; others are those of syslog.
  package let facility: UInt8
  /// 0 (emergency) to 7 (debug).
  package let level: UInt8
  /// Who wrote it, if the kernel says.
  package let caller: Caller?
  /// Whether it is part of a line that other records begin or go on with. Corresponds to LOG_CONT.
  package let isContinuation: Bool
  /// Whether it has the end of its line. Corresponds to LOG_NEWLINE.
  package let endsLine: Bool
  /// The bytes that were written, without the last newline. There may be others in them.
  package let text: [UInt8]

  /// What was running when a record was written. Corresponds to caller_id.
  package enum Caller: Equatable, Sendable {
    /// A task, by its number.
    case task(UInt32)
    /// A processor that was handling an interrupt.
    case processor(UInt32)

    /// Takes the number apart: the highest bit tells a processor.
    init(_ number: UInt32) {
      self = number & 1 << 31 == 0 ? .task(number) : .processor(number & ~(1 << 31))
    }

    /// `T5831` or `C0`, as kernels with CONFIG_PRINTK_CALLER print it.
    package var text: String {
      switch self {
      case .task(let number): "T\(number)"
      case .processor(let number): "C\(number)"
      }
    }
  }

  /// The names of the levels, as `dmesg` has them.
  package static let levelNames = [
    "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug",
  ]
}
