internal import CLinux
internal import Glibc

/// The computer's clocks.
package enum Clocks {
  /// The processor's time stamp counter, which goes on through a kexec; 0 where there is none.
  package static var timeStampCounter: UInt64 { clinux_time_stamp() }

  /// The wall clock in nanoseconds since 1970. Corresponds to CLOCK_REALTIME.
  package static var wallClock: UInt64 { read(CLOCK_REALTIME) }

  /// Nanoseconds since the kernel started. Corresponds to CLOCK_BOOTTIME.
  package static var sinceBoot: UInt64 { read(CLOCK_BOOTTIME) }

  /// How many counts of the time stamp counter pass in a nanosecond: measured during 50 ms against
  /// CLOCK_MONOTONIC_RAW.
  package static func countsPerNanosecond() -> Double {
    let start = (counter: timeStampCounter, time: read(CLOCK_MONOTONIC_RAW))
    usleep(50_000)
    let end = (counter: timeStampCounter, time: read(CLOCK_MONOTONIC_RAW))
    // A counter that goes back belongs to another computer by now.
    guard end.counter > start.counter, end.time > start.time else { return 0 }
    return Double(end.counter - start.counter) / Double(end.time - start.time)
  }

  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
