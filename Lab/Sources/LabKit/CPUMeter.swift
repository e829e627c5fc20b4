import Glibc
import Synchronization

/// The CPU time that a virtual machine has used on this computer.
///
/// An emulated processor only computes, so this is what the clock on the wall would say if nobody else
/// were using this computer. It makes measurements on a busy machine worth something.
final class CPUMeter: Sendable {
  private let clock = Mutex<clockid_t?>(nil)

  /// Starts to meter the process `id`.
  func attach(to id: pid_t) {
    var found = clockid_t()
    guard clock_getcpuclockid(id, &found) == 0 else { return }
    clock.withLock { $0 = found }
  }

  /// The CPU time used until now; zero before there is a process, and after.
  var reading: Duration {
    guard let clock = clock.withLock({ $0 }) else { return .zero }
    var time = timespec()
    guard clock_gettime(clock, &time) == 0 else { return .zero }
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}

/// A moment in the life of a virtual machine, on the wall's clock and on its own.
struct Moment: Sendable {
  let time: ContinuousClock.Instant
  let cpu: Duration
}

/// The time between two moments.
public struct Elapsed: Sendable {
  /// What the clock on the wall says.
  public let wall: Duration
  /// What the machine computed.
  public let cpu: Duration

  init(from start: Moment, to end: Moment) {
    wall = end.time - start.time
    cpu = end.cpu - start.cpu
  }
}
