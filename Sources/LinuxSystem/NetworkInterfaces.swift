internal import CLinux
internal import CLibrary

/// The machine's network interfaces.
package struct NetworkInterfaces: Sendable {
  /// An interface that could not be taken down, and why.
  package typealias Failure = (name: String, errno: Errno)

  /// Calls to the kernel about an interface, by its name.
  package struct Calls {
    /// The interface's flags. Corresponds to SIOCGIFFLAGS.
    let flags: (String) -> Result<Int32, Errno>
    /// Sets them. Corresponds to SIOCSIFFLAGS.
    let setFlags: (String, Int32) -> Errno?

    /// Calls with these functions.
    package init(
      flags: @escaping (String) -> Result<Int32, Errno>,
      setFlags: @escaping (String, Int32) -> Errno?
    ) {
      self.flags = flags
      self.setFlags = setFlags
    }
  }

  /// Opens a socket for the calls, or returns the error. Corresponds to `socket`.
  package var open: @Sendable () -> Result<Calls, Errno>

  /// Interfaces that are reached by the calls that `open` returns.
  package init(open: @escaping @Sendable () -> Result<Calls, Errno>) {
    self.open = open
  }

  /// The result of taking interfaces down.
  package struct Outcome {
    /// The interfaces that were up and are down now, with the flags that they had.
    package fileprivate(set) var taken: [(name: String, flags: Int32)] = []
    /// Those that could not be taken down, with the reason.
    package fileprivate(set) var failures: [Failure] = []
  }

  /// Takes every interface of `files` but the loopback ones down, so that no network card that still receives
  /// writes into the next kernel's memory.
  package func takeDown(in files: FileTree) -> Outcome {
    switch open() {
    case .success(let calls): Self.takeDown(Self.names(in: files), calls)
    case .failure(let errno): Outcome(failures: [("all", errno)])
    }
  }

  /// Brings up again what `takeDown` has taken down. The interfaces have kept their IPv4 addresses, but not
  /// their IPv6 addresses and routes.
  ///
  /// - Returns: the interfaces that stay down, with the reason.
  package func bringUp(_ outcome: Outcome) -> [Failure] {
    switch open() {
    case .success(let calls): Self.bringUp(outcome, calls)
    case .failure(let errno): outcome.taken.map { ($0.name, errno) }
    }
  }

  /// Those of the running kernel, or of the network namespace that this process is in.
  package static let running = NetworkInterfaces {
    // Any family will do; a kernel may have been built without IPv4.
    let families = [AF_INET, AF_UNIX]
    let sockets = families.lazy.map {
      CLibrary.socket($0, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    }
    guard let number = sockets.first(where: { $0 >= 0 }) else { return .failure(.last) }
    let socket = Socket(FileDescriptor(owning: number))
    return .success(
      Calls { name in
        let flags = unsafe clinux_interface_flags(socket.number, name)
        return flags < 0 ? .failure(.last) : .success(flags)
      } setFlags: { name, flags in
        .ofCall(unsafe clinux_set_interface_flags(socket.number, name, flags))
      })
  }

  /// A socket that is closed when nothing refers to it any more.
  private final class Socket {
    private let descriptor: FileDescriptor
    var number: Int32 { descriptor.number }

    init(_ descriptor: consuming FileDescriptor) {
      self.descriptor = descriptor
    }
  }

  static func bringUp(_ outcome: Outcome, _ calls: Calls) -> [Failure] {
    outcome.taken.compactMap { name, flags in calls.setFlags(name, flags).map { (name, $0) } }
  }

  /// Tries every one of `names`, also after errors.
  static func takeDown(_ names: [String], _ calls: Calls) -> Outcome {
    var outcome = Outcome()
    for name in names {
      switch calls.flags(name) {
      // The interface is gone, or was not one: bonding has a file among the interfaces.
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

  /// The names of all interfaces, also without /sys.
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
