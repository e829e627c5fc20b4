internal import ByteCoding
internal import CLinux
internal import CLibrary

/// This process, random numbers for it, and programs that it starts.
package struct Process: Sendable {
  /// Random bytes that are fit for keys, or nil when the kernel has none yet.
  /// Corresponds to `getrandom(…, GRND_NONBLOCK)`.
  package var randomBytes: @Sendable (_ count: Int) -> [UInt8]?
  /// The value of an environment variable; nil when it is not set.
  package var environment: @Sendable (_ name: String) -> String?
  /// Frees the memory of the program's code; what still runs is read from its file again. This is done before
  /// large files come into memory, so that the process never has both there.
  package var evictProgram: @Sendable () -> Void
  /// Keeps the whole program and its data in memory, so that no page need be read or written any more. Errors
  /// are ignored. Corresponds to `mlockall`.
  package var lockInMemory: @Sendable () -> Void
  /// Runs a program with the standard streams of this process and waits for it. The result is its exit code,
  /// or 128 plus the signal that ended it; an error if it cannot be run, or if its exit code is not known.
  package var run: @Sendable (_ program: String, _ arguments: [String]) -> Result<Int32, Errno>
  /// How many processors it may run on: at least 1. Corresponds to `sched_getaffinity`.
  package var processorCount: @Sendable () -> Int = { Int(clinux_processor_count()) }

  /// A process with these functions.
  package init(
    randomBytes: @escaping @Sendable (_ count: Int) -> [UInt8]?,
    environment: @escaping @Sendable (_ name: String) -> String?,
    evictProgram: @escaping @Sendable () -> Void, lockInMemory: @escaping @Sendable () -> Void,
    run:
      @escaping @Sendable (
        _ program: String, _ arguments: [String]
      ) -> Result<Int32, Errno>
  ) {
    self.randomBytes = randomBytes
    self.environment = environment
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
  /// The process that runs this program.
  package static let running = Process { count in
    var bytes = [UInt8](repeating: 0, count: count)
    let got = unsafe getrandom(&bytes, count, UInt32(GRND_NONBLOCK))
    return got == count ? bytes : nil
  } environment: { name in
    // SAFETY: nobody changes the environment of this process.
    unsafe getenv(name).map { unsafe String(lossless: $0) }
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
    // This process ignores SIGPIPE, which the program may not expect; and a process that ignores SIGCHLD does
    // not get the exit codes of its children.
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
