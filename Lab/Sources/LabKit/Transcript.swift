import Synchronization

/// Everything that was received from one serial port, line by line, with the time of each line's
/// end.
///
/// A reader thread appends lines; scenarios wait for lines. The reader takes the times, so they do
/// not depend on when a scenario is scheduled.
final class Transcript: Sendable {
  struct Line: Sendable {
    let number: Int
    let moment: Moment
    let text: String
  }

  fileprivate struct State {
    var lines: [Line] = []
    var unfinished: [UInt8] = []
    var isClosed = false
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    var nextWaiter = 0
  }

  private let state = Mutex(State())
  private let meter: CPUMeter
  private let onLine: @Sendable (Line) -> Void

  /// `onLine` is called for each line as it arrives, on the reader's thread.
  init(meter: CPUMeter, onLine: @escaping @Sendable (Line) -> Void = { _ in }) {
    self.meter = meter
    self.onLine = onLine
  }

  /// The number that the next line will have.
  var end: Int { state.withLock { $0.lines.count } }

  /// The lines from number `start` on.
  func lines(from start: Int = 0) -> [Line] {
    state.withLock { Array($0.lines[min(start, $0.lines.count)...]) }
  }

  func append(_ bytes: some Sequence<UInt8>) {
    let now = now
    let (added, waiters) = state.withLock { state in
      let first = state.lines.count
      for byte in bytes {
        if byte != UInt8(ascii: "\n") {
          state.unfinished.append(byte)
          if byte == UInt8(ascii: "H"), state.isAtOtherPlace { state.finishLine(at: now) }
        } else {
          state.finishLine(at: now)
        }
      }
      return (Array(state.lines[first...]), state.takeWaiters())
    }
    added.forEach(onLine)
    waiters.forEach { $0.resume() }
  }

  /// The current moment of the machine.
  var now: Moment { Moment(time: .now, cpu: meter.reading) }

  /// Marks the end of the output: the machine has ended.
  func close() {
    let now = now
    let (added, waiters) = state.withLock { state in
      let first = state.lines.count
      if !state.unfinished.isEmpty { state.finishLine(at: now) }
      state.isClosed = true
      return (Array(state.lines[first...]), state.takeWaiters())
    }
    added.forEach(onLine)
    waiters.forEach { $0.resume() }
  }

  /// Waits until `deadline` for a line from number `start` on for which `isWanted` holds.
  ///
  /// - Returns: the first such line, or nil at `deadline`.
  /// - Throws: `MachineGone` if the machine ended without such a line.
  func firstLine(
    from start: Int, until deadline: ContinuousClock.Instant,
    where isWanted: (String) -> Bool
  ) async throws -> Line? {
    var next = start
    while true {
      let (new, isClosed) = state.withLock { state in
        (Array(state.lines[min(next, state.lines.count)...]), state.isClosed)
      }
      if let found = new.first(where: { isWanted($0.text) }) { return found }
      next += new.count
      if isClosed { throw MachineGone() }
      if ContinuousClock.now >= deadline { return nil }
      try Task.checkCancellation()
      await change(after: next, until: deadline)
    }
  }

  /// Returns when there are more than `count` lines, at `deadline`, or when the task is cancelled.
  private func change(after count: Int, until deadline: ContinuousClock.Instant) async {
    let ticket = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    let alarm = Task {
      try? await Task.sleep(until: deadline, clock: .continuous)
      self.wake(ticket)
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          let isOver = state.lines.count > count || state.isClosed || Task.isCancelled
          if !isOver { state.waiters[ticket] = continuation }
          return isOver
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      self.wake(ticket)
    }
    alarm.cancel()
  }

  private func wake(_ ticket: Int) {
    state.withLock { $0.waiters.removeValue(forKey: ticket) }?.resume()
  }
}

/// The virtual machine ended while a scenario waited for it.
struct MachineGone: Error {}

extension Transcript.State {
  /// Whether the unfinished line ends with the control sequence that moves the cursor, ESC [ ROW ;
  /// COLUMN H: full-screen programs have no other line ends.
  fileprivate var isAtOtherPlace: Bool {
    var rest = unfinished.dropLast()
    while let byte = rest.last, (0x30...0x39).contains(byte) || byte == UInt8(ascii: ";") {
      rest = rest.dropLast()
    }
    return rest.suffix(2) == [0x1B, UInt8(ascii: "[")]
  }

  mutating func finishLine(at moment: Moment) {
    while unfinished.last == UInt8(ascii: "\r") { unfinished.removeLast() }
    let text = String(decoding: unfinished, as: UTF8.self)
    lines.append(Transcript.Line(number: lines.count, moment: moment, text: text))
    unfinished.removeAll(keepingCapacity: true)
  }

  mutating func takeWaiters() -> [CheckedContinuation<Void, Never>] {
    defer { waiters = [:] }
    return Array(waiters.values)
  }
}
