import Foundation
import Synchronization

/// The log of one scenario: console output and commands, each line with its time.
public final class ScenarioLog: Sendable {
  /// The path of the log's file.
  public let path: String
  private let start = ContinuousClock.now
  private let file: Mutex<FileHandle>

  init(path: String) throws {
    self.path = path
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let handle = FileHandle(forWritingAtPath: path)
    else { throw Failure("cannot write \(path)") }
    file = Mutex(handle)
  }

  /// Adds `text`, which may have several lines; `source` says where it comes from.
  public func write(_ source: String, _ text: String, at time: ContinuousClock.Instant = .now) {
    let seconds = (time - start).seconds
    let stamp = String(format: "%9.3f", seconds)
    let name = source.padding(toLength: 8, withPad: " ", startingAt: 0)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let entry = lines.map { "\(stamp) \(name)| \($0)\n" }.joined()
    file.withLock { try? $0.write(contentsOf: Data(entry.utf8)) }
  }

  /// The last `count` lines, for the report of a failure.
  public func tail(_ count: Int) -> [String] {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").suffix(count).map(String.init)
  }
}

extension Duration {
  /// The duration in seconds, including its fraction.
  public var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
