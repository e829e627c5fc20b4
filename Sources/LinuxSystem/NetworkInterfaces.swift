internal import CLinux
internal import Glibc

/// The machine's network interfaces.
package enum NetworkInterfaces {
  /// Takes every interface but the loopback ones down, so that nothing is written into the next
  /// kernel's memory by a card that still receives. Corresponds to SIOCSIFFLAGS without IFF_UP.
  ///
  /// - Returns: the interfaces that could not be taken down, with the reason.
  package static func takeDown() -> [(name: String, errno: Errno)] {
    // Any family will do; a kernel may have been built without IPv4.
    let families = [AF_INET, AF_UNIX]
    let sockets = families.lazy.map { Glibc.socket($0, Int32(SOCK_DGRAM.rawValue), 0) }
    guard let socket = sockets.first(where: { $0 >= 0 }) else { return [("all", .last)] }
    defer { _ = close(socket) }
    var failures: [(name: String, errno: Errno)] = []
    for name in FileTree.running.names(in: "/sys/class/net") ?? [] {
      let flags = unsafe clinux_interface_flags(socket, name)
      let isUp = flags & Int32(IFF_UP) != 0
      let isLoopback = flags & Int32(IFF_LOOPBACK) != 0
      guard flags >= 0, isUp, !isLoopback else { continue }
      if unsafe clinux_set_interface_flags(socket, name, flags & ~Int32(IFF_UP)) != 0 {
        failures.append((name, .last))
      }
    }
    return failures
  }
}
