/// Why a scenario failed, and at which line.
public struct Failure: Error, CustomStringConvertible {
  /// What was expected and what was found.
  public let message: String
  /// The line of the scenario, if known.
  public let place: String?

  /// A failure of the lab itself.
  public init(_ message: String) {
    self.message = message
    place = nil
  }

  /// A failure at a line of a scenario.
  public init(_ message: String, _ file: String, _ line: Int) {
    self.message = message
    place = "\(file):\(line)"
  }

  /// The message, followed by the line in parentheses.
  public var description: String {
    place.map { "\(message) (\($0))" } ?? message
  }
}

/// Ends a scenario that does not apply to the program under test.
public struct Skip: Error {
  /// What is missing.
  public let reason: String

  /// Skips the scenario for this reason.
  public init(_ reason: String) {
    self.reason = reason
  }
}

/// Fails the scenario unless `condition` holds.
public func expect(
  _ condition: Bool, _ message: @autoclosure () -> String,
  file: String = #fileID, line: Int = #line
) throws {
  guard condition else { throw Failure(message(), file, line) }
}
