/// A short story about a kexec program: what is done, and what must come of it.
public struct Scenario: Sendable {
  /// What the scenario shows, unique.
  public let name: String
  /// Whether Debian's kexec-tools is expected to offer what the scenario is about.
  public let isCore: Bool
  /// The scenario is stopped after this long.
  public let limit: Duration
  let story: @Sendable (Lab) async throws -> Void

  /// A scenario about what only our program promises.
  public init(
    _ name: String, within limit: Duration = .seconds(240),
    _ story: @escaping @Sendable (Lab) async throws -> Void
  ) {
    self.init(name, isCore: false, within: limit, story)
  }

  /// A scenario that any kexec program for Linux should pass.
  public static func core(
    _ name: String, within limit: Duration = .seconds(240),
    _ story: @escaping @Sendable (Lab) async throws -> Void
  ) -> Scenario {
    Scenario(name, isCore: true, within: limit, story)
  }

  private init(
    _ name: String, isCore: Bool, within limit: Duration,
    _ story: @escaping @Sendable (Lab) async throws -> Void
  ) {
    self.name = name
    self.isCore = isCore
    self.limit = limit
    self.story = story
  }
}
