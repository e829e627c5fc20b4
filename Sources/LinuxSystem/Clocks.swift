internal import CLinux
internal import CLibrary

/// The computer's clocks.
package struct Clocks: Sendable {
  /// The processor's time stamp counter, which keeps running across a kexec; 0 where there is none.
  package var timeStampCounter: @Sendable () -> UInt64
  /// The wall clock in nanoseconds since 1970. Corresponds to CLOCK_REALTIME.
  package var wallClock: @Sendable () -> UInt64
  /// Nanoseconds since the kernel started. Corresponds to CLOCK_BOOTTIME.
  package var sinceBoot: @Sendable () -> UInt64
  /// How many counts of the time stamp counter pass in a nanosecond; 0 if the counter has gone backwards.
  package var countsPerNanosecond: @Sendable () -> Double

  /// Clocks that are read by these.
  package init(
    timeStampCounter: @escaping @Sendable () -> UInt64,
    wallClock: @escaping @Sendable () -> UInt64, sinceBoot: @escaping @Sendable () -> UInt64,
    countsPerNanosecond: @escaping @Sendable () -> Double
  ) {
    self.timeStampCounter = timeStampCounter
    self.wallClock = wallClock
    self.sinceBoot = sinceBoot
    self.countsPerNanosecond = countsPerNanosecond
  }

  /// Those of the running computer.
  package static let running = Clocks {
    clinux_time_stamp()
  } wallClock: {
    read(CLOCK_REALTIME)
  } sinceBoot: {
    read(CLOCK_BOOTTIME)
  } countsPerNanosecond: {
    measureCounter()
  }

  /// Measures the time stamp counter during 50 ms against CLOCK_MONOTONIC_RAW.
  private static func measureCounter() -> Double {
    let start = (counter: clinux_time_stamp(), time: read(CLOCK_MONOTONIC_RAW))
    usleep(50_000)
    let end = (counter: clinux_time_stamp(), time: read(CLOCK_MONOTONIC_RAW))
    // The counter goes backwards when a virtual machine has moved to another computer.
    guard end.counter > start.counter, end.time > start.time else { return 0 }
    return Double(end.counter - start.counter) / Double(end.time - start.time)
  }

  private static func read(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
