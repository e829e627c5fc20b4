/// A short story about a kexec program: what is done, and what must come of it.
public struct Scenario: Sendable {
  /// What the scenario shows, unique.
  public let name: String
  /// Whether Debian's kexec-tools is expected to offer what the scenario is about.
  public let isCore: Bool
  /// Whether it is played only when all are: it is dear, and others show nearly the same.
  public private(set) var isExtra = false
  /// The scenario is stopped after this long: a bound against hanging, not a promise.
  public let limit: Duration
  let story: @Sendable (Lab) async throws -> Void

  /// A scenario about what only our program promises.
  public init(
    _ name: String, within limit: Duration = usualLimit,
    _ story: @escaping @Sendable (Lab) async throws -> Void
  ) {
    self.init(name, isCore: false, within: limit, story)
  }

  /// A scenario that any kexec program for Linux should pass.
  public static func core(
    _ name: String, within limit: Duration = usualLimit,
    _ story: @escaping @Sendable (Lab) async throws -> Void
  ) -> Scenario {
    Scenario(name, isCore: true, within: limit, story)
  }

  /// The same scenario, played only when all are.
  public var extra: Scenario {
    var copy = self
    copy.isExtra = true
    return copy
  }

  /// The same scenario, played only when all are if `isExtra` says so.
  public func extra(if isExtra: Bool) -> Scenario { isExtra ? extra : self }

  /// Ten times of what a scenario takes on a computer where a boot takes ten seconds.
  public static let usualLimit = Duration.seconds(1800)

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
