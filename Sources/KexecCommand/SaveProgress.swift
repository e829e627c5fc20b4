internal import DumpWriting
internal import LinuxSystem

/// Says how far the writing of a dump has come: on a terminal a bar with the rate and the time left, on a serial console a
/// line for every tenth, elsewhere nothing.
final class SaveProgress {
  private enum Form {
    case nothing, lines
    case bar(width: Int)
  }

  private let kernel: LinuxKernel
  private let form: Form
  /// What is done, such as "writing vmcore".
  private var title = ""
  private var start: UInt64 = 0
  private var lastTime: UInt64 = 0
  private var lastTenth: UInt64 = 0
  private var shownCount = 0

  /// Nanoseconds after which the bar is shown for the first time, and then between two of its states.
  private static let interval: UInt64 = 200_000_000
  /// Fewer are not worth a line each on a slow console.
  private static let least: UInt64 = 1_000_000_000

  init(_ kernel: LinuxKernel, isQuiet: Bool) {
    self.kernel = kernel
    let type = kernel.process.environment("TERM") ?? ""
    switch isQuiet ? nil : kernel.streams.columns(.error) {
    case nil: form = .nothing
    // A serial line does not know how wide the terminal at its other end is, nor whether that obeys anything.
    case 0: form = .lines
    case _ where type.isEmpty || type == "dumb": form = .lines
    case let columns?: form = .bar(width: min(max(columns, 40), 120))
    }
  }

  /// Begins with something else.
  func begin(_ title: String) {
    end()
    self.title = title
    start = kernel.clocks.sinceBoot()
    (lastTime, lastTenth) = (start, 0)
  }

  /// Takes the bar away.
  func end() {
    guard shownCount > 0 else { return }
    kernel.streams.writeError("\r" + String(repeating: " ", count: shownCount) + "\r")
    shownCount = 0
  }

  func update(_ progress: DumpProgress) {
    if case .nothing = form { return }
    guard progress.allPages > 0 else { return }
    let now = kernel.clocks.sinceBoot()
    let done = min(progress.donePages, progress.allPages)
    let percent = percentage(done, of: progress.allPages)
    switch form {
    case .nothing: break
    case .lines:
      let tenth = percent / 10
      guard tenth > lastTenth, now - start >= Self.least || tenth == 10 && lastTenth > 0 else {
        return
      }
      lastTenth = tenth
      kernel.streams.writeError(
        "kexec: \(title): \(tenth * 10) %, \(details(done, of: progress.allPages, now))\n")
    case .bar(let width):
      guard now - lastTime >= Self.interval else { return }
      lastTime = now
      show(percent, details(done, of: progress.allPages, now), width)
    }
  }

  private func percentage(_ done: UInt64, of all: UInt64) -> UInt64 {
    all > UInt64.max / 100 ? done / (all / 100) : done * 100 / all
  }

  /// The rate, in bytes of memory, and the time left.
  private func details(_ done: UInt64, of all: UInt64, _ now: UInt64) -> String {
    let milliseconds = (now - start) / 1_000_000
    guard milliseconds > 0, done > 0 else { return "\(byteText(done << 12))" }
    let rate = done * 1000 / milliseconds
    guard rate > 0 else { return "\(byteText(done << 12))" }
    let left = (all - done) / rate
    let time = left >= 120 ? "\(left / 60) min" : "\(left) s"
    return "\(byteText(rate << 12))/s, \(time) left"
  }

  private func show(_ percent: UInt64, _ details: String, _ width: Int) {
    let number = "\(percent)".rightAligned(to: 3)
    let tail = " \(number) %, \(details)"
    let head = "\(title) "
    let space = width - 3 - head.count - tail.count
    var line = head
    if space >= 10 {
      let full = Int(percent) * space / 100
      line +=
        "[" + String(repeating: "#", count: full)
        + String(repeating: ".", count: space - full) + "]"
    }
    line += tail
    let shown = line.padded(to: shownCount)
    kernel.streams.writeError("\r" + shown)
    shownCount = line.count
  }
}
