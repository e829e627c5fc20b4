/// A test on real kernels: what is done, and what must happen.
public struct Scenario: Sendable {
  /// What the scenario shows. The name is unique.
  public let name: String
  /// Whether any kexec program, such as Debian's, is expected to pass.
  public let isCore: Bool
  /// Whether it runs only with --all: it takes long, and others show nearly the same.
  public private(set) var isExtra = false
  /// The time after which the scenario is stopped, in case it hangs.
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

  /// The same scenario, which runs only with --all.
  public var extra: Scenario {
    var copy = self
    copy.isExtra = true
    return copy
  }

  /// The same scenario; if `isExtra`, it runs only with --all.
  public func extra(if isExtra: Bool) -> Scenario { isExtra ? extra : self }

  /// Ten times what a scenario takes on a computer where a boot takes ten seconds.
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
