internal import ByteCoding
internal import CLinux
internal import CLibrary

/// This process, random numbers for it, and programs that it starts.
package struct Process: Sendable {
  /// Random bytes that are fit for keys, or nil when the kernel has none yet.
  /// Corresponds to `getrandom(…, GRND_NONBLOCK)`.
  package var randomBytes: @Sendable (_ count: Int) -> [UInt8]?
  /// Lets the memory of the program's own code go; what still runs is read from the file again.
  /// Before the big files come into memory, so that the process never has both.
  package var evictProgram: @Sendable () -> Void
  /// Keeps all of the program and its data in memory, so that no page has to be read or written any
  /// more. Corresponds to `mlockall`; where it is refused, all stays as it was.
  package var lockInMemory: @Sendable () -> Void
  /// Runs a program with our standard streams and waits for it: its exit code, or 128 plus the
  /// signal that ended it. Fails when it cannot be run, or nobody says how it ended.
  package var run: @Sendable (_ program: String, _ arguments: [String]) -> Result<Int32, Errno>

  /// A process that does this by these.
  package init(
    randomBytes: @escaping @Sendable (_ count: Int) -> [UInt8]?,
    evictProgram: @escaping @Sendable () -> Void, lockInMemory: @escaping @Sendable () -> Void,
    run:
      @escaping @Sendable (
        _ program: String, _ arguments: [String]
      ) -> Result<Int32, Errno>
  ) {
    self.randomBytes = randomBytes
    self.evictProgram = evictProgram
    self.lockInMemory = lockInMemory
    self.run = run
  }

  /// A random number, or nil as in `randomBytes`.
  package func randomNumber() -> UInt64? {
    randomBytes(8).map { $0.reduce(0) { ($0 << 8) | UInt64($1) } }
  }

  /// The program's arguments, the first of which is its name, with all their bytes.
  package static var arguments: [String] {
    // SAFETY: there are this many terminated texts, which live as long as the process; nobody writes them.
    (0..<clinux_argument_count()).compactMap { index in
      unsafe clinux_argument(index).map { unsafe String(lossless: $0) }
    }
  }
}

extension Process {
  /// The process that this is.
  package static let running = Process { count in
    var bytes = [UInt8](repeating: 0, count: count)
    let got = unsafe getrandom(&bytes, count, UInt32(GRND_NONBLOCK))
    return got == count ? bytes : nil
  } evictProgram: {
    clinux_evict_program()
  } lockInMemory: {
    _ = mlockall(Int32(MCL_CURRENT | MCL_FUTURE))
  } run: { program, arguments in
    spawn(program, arguments)
  }

  private static func spawn(
    _ program: String, _ arguments: [String]
  ) -> Result<Int32, Errno> {
    var words = unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
    defer { unsafe words.forEach { unsafe free($0) } }
    // We ignore broken pipes; it may not want to. And who ignores its children learns nothing of them.
    var defaults = sigset_t()
    var attributes = posix_spawnattr_t()
    unsafe sigemptyset(&defaults)
    unsafe sigaddset(&defaults, SIGPIPE)
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe _ = posix_spawnattr_destroy(&attributes) }
    unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    _ = signal(SIGCHLD, SIG_DFL)
    var child: pid_t = 0
    let fault = unsafe posix_spawnp(&child, program, nil, &attributes, &words, environ)
    guard fault == 0 else { return .failure(Errno(rawValue: fault)) }
    var status: Int32 = 0
    let ended = retryOnInterrupt { unsafe waitpid(child, &status, 0) }
    guard ended == child else { return .failure(.last) }
    let signal = status & 0x7F
    return .success(signal == 0 ? (status >> 8) & 0xFF : 128 + signal)
  }
}
