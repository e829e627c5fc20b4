internal import ByteCoding
internal import CLinux
internal import Glibc

/// This process, and programs that it starts.
package enum Process {
  /// The program's arguments, the first of which is its name, with all their bytes.
  package static var arguments: [String] {
    // SAFETY: argv has this many terminated texts and lives as long as the process; nobody writes it.
    (0..<Int(CommandLine.argc)).compactMap { index in
      unsafe CommandLine.unsafeArgv[index].map { unsafe String(lossless: $0) }
    }
  }

  /// Random bytes that are fit for keys, or nil when the kernel has none yet.
  /// Corresponds to `getrandom(…, GRND_NONBLOCK)`.
  package static func randomBytes(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = unsafe getrandom(&bytes, count, UInt32(GRND_NONBLOCK))
    return got == count ? bytes : nil
  }

  /// A random number, or nil as in `randomBytes`.
  package static func randomNumber() -> UInt64? {
    randomBytes(8).map { $0.reduce(0) { $0 << 8 | UInt64($1) } }
  }

  /// Lets the memory of the program's own code go; what still runs is read from the file again.
  /// Before the big files come into memory, so that the process never has both.
  package static func evictProgram() {
    clinux_evict_program()
  }

  /// Keeps all of the program and its data in memory, so that no page has to be read or written any
  /// more. Corresponds to `mlockall`; where it is refused, all stays as it was.
  package static func lockInMemory() {
    _ = mlockall(Int32(MCL_CURRENT | MCL_FUTURE))
  }

  /// Runs a program with our standard streams and waits for it.
  ///
  /// - Returns: its exit code, or 128 plus the signal that ended it.
  /// - Throws: when it cannot be run, or nobody says how it ended.
  package static func run(
    _ program: String, _ arguments: [String]
  ) throws(Errno) -> Int32 {
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
    guard fault == 0 else { throw Errno(rawValue: fault) }
    var status: Int32 = 0
    let ended = retryOnInterrupt { unsafe waitpid(child, &status, 0) }
    guard ended == child else { throw .last }
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : 128 + signal
  }
}
