import Glibc
import Synchronization

/// The CPU time that a virtual machine has used on this computer.
///
/// An emulated processor only computes, so this is the wall time that the machine would take on an
/// idle computer. It makes measurements possible on a computer that is busy.
final class CPUMeter: Sendable {
  private let clock = Mutex<clockid_t?>(nil)

  /// Starts to measure the process `id`.
  func attach(to id: pid_t) {
    var found = clockid_t()
    guard clock_getcpuclockid(id, &found) == 0 else { return }
    clock.withLock { $0 = found }
  }

  /// The CPU time used until now; zero before the process has started and after it has ended.
  var reading: Duration {
    guard let clock = clock.withLock({ $0 }) else { return .zero }
    var time = timespec()
    guard clock_gettime(clock, &time) == 0 else { return .zero }
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}

/// A moment of a virtual machine: the wall clock, and the CPU time that the machine had used.
struct Moment: Sendable {
  let time: ContinuousClock.Instant
  let cpu: Duration
}

/// The time between two moments.
public struct Elapsed: Sendable {
  /// Wall time.
  public let wall: Duration
  /// CPU time of the machine.
  public let cpu: Duration

  init(from start: Moment, to end: Moment) {
    wall = end.time - start.time
    cpu = end.cpu - start.cpu
  }
}
