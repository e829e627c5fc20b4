internal import CLinux
internal import Glibc

/// The machine's network interfaces.
package enum NetworkInterfaces {
  /// An interface that could not be taken down, and why.
  package typealias Failure = (name: String, errno: Errno)

  /// What is asked of the kernel about an interface, by its name. Tests put something else there.
  struct Calls {
    /// The interface's flags. Corresponds to SIOCGIFFLAGS.
    let flags: (String) -> Result<Int32, Errno>
    /// Sets them. Corresponds to SIOCSIFFLAGS.
    let setFlags: (String, Int32) -> Errno?
  }

  /// What came of taking interfaces down.
  package struct Outcome {
    /// The interfaces that were up and are down now, with the flags that they had.
    package fileprivate(set) var taken: [(name: String, flags: Int32)] = []
    /// Those that could not be taken down, with the reason.
    package fileprivate(set) var failures: [Failure] = []
  }

  /// Takes every interface but the loopback ones down, so that nothing is written into the next
  /// kernel's memory by a card that still receives.
  package static func takeDown() -> Outcome {
    withCalls { takeDown(names(in: .running), $0) } ?? Outcome(failures: [("all", .last)])
  }

  /// Brings up again what `takeDown` has taken down. Their addresses are still there, all but IPv6's;
  /// the routes through them are gone.
  ///
  /// - Returns: the interfaces that stay down, with the reason.
  package static func bringUp(_ outcome: Outcome) -> [Failure] {
    withCalls { bringUp(outcome, $0) } ?? outcome.taken.map { ($0.name, .last) }
  }

  /// Nil when there is no socket to ask by; `Errno.last` then says why.
  private static func withCalls<Result>(_ body: (Calls) -> Result) -> Result? {
    // Any family will do; a kernel may have been built without IPv4.
    let families = [AF_INET, AF_UNIX]
    let sockets = families.lazy.map { Glibc.socket($0, Int32(SOCK_DGRAM.rawValue), 0) }
    guard let socket = sockets.first(where: { $0 >= 0 }) else { return nil }
    defer { _ = close(socket) }
    return body(
      Calls { name in
        let flags = unsafe clinux_interface_flags(socket, name)
        return flags < 0 ? .failure(.last) : .success(flags)
      } setFlags: { name, flags in
        unsafe clinux_set_interface_flags(socket, name, flags) == 0 ? nil : .last
      })
  }

  static func bringUp(_ outcome: Outcome, _ calls: Calls) -> [Failure] {
    outcome.taken.compactMap { name, flags in calls.setFlags(name, flags).map { (name, $0) } }
  }

  /// Tries every one of `names`, whatever comes of the others.
  static func takeDown(_ names: [String], _ calls: Calls) -> Outcome {
    var outcome = Outcome()
    for name in names {
      switch calls.flags(name) {
      // It has gone meanwhile, or was none: bonding has a file among the interfaces.
      case .failure(.noDevice): continue
      case .failure(let errno): outcome.failures.append((name, errno))
      case .success(let flags):
        guard flags & Int32(IFF_UP) != 0, flags & Int32(IFF_LOOPBACK) == 0 else { continue }
        let errno = calls.setFlags(name, flags & ~Int32(IFF_UP))
        if errno == nil { outcome.taken.append((name, flags)) }
        if let errno, errno != .noDevice { outcome.failures.append((name, errno)) }
      }
    }
    return outcome
  }

  /// The names of all interfaces, without /sys too.
  static func names(in files: FileTree) -> [String] {
    if let names = files.names(in: "/sys/class/net") { return names }
    // Two lines of headings, then "  eth0: 1 2 3".
    let lines = (files.text("/proc/net/dev") ?? "").split(separator: "\n").dropFirst(2)
    return lines.compactMap { line in
      guard let colon = line.lastIndex(of: ":") else { return nil }
      return String(line[..<colon].drop { $0 == " " })
    }
  }
}
