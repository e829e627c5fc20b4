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

  /// Takes every interface but the loopback ones down, so that nothing is written into the next
  /// kernel's memory by a card that still receives.
  ///
  /// - Returns: the interfaces that could not be taken down, with the reason.
  package static func takeDown() -> [Failure] {
    // Any family will do; a kernel may have been built without IPv4.
    let families = [AF_INET, AF_UNIX]
    let sockets = families.lazy.map { Glibc.socket($0, Int32(SOCK_DGRAM.rawValue), 0) }
    guard let socket = sockets.first(where: { $0 >= 0 }) else { return [("all", .last)] }
    defer { _ = close(socket) }
    let calls = Calls { name in
      let flags = unsafe clinux_interface_flags(socket, name)
      return flags < 0 ? .failure(.last) : .success(flags)
    } setFlags: { name, flags in
      unsafe clinux_set_interface_flags(socket, name, flags) == 0 ? nil : .last
    }
    return takeDown(names(in: .running), calls)
  }

  /// Tries every one of `names`, whatever comes of the others.
  static func takeDown(_ names: [String], _ calls: Calls) -> [Failure] {
    var failures: [Failure] = []
    for name in names {
      switch calls.flags(name) {
      // It has gone meanwhile, or was none: bonding has a file among the interfaces.
      case .failure(.noDevice): continue
      case .failure(let errno): failures.append((name, errno))
      case .success(let flags):
        guard flags & Int32(IFF_UP) != 0, flags & Int32(IFF_LOOPBACK) == 0 else { continue }
        if let errno = calls.setFlags(name, flags & ~Int32(IFF_UP)), errno != .noDevice {
          failures.append((name, errno))
        }
      }
    }
    return failures
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
