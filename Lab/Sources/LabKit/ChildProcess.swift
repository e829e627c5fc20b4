import Foundation
import Glibc
import Synchronization

/// A program that the lab started, and that it ends by its process id.
///
/// The thread that starts the program waits until the program has ended. That makes the parent
/// death signal usable, which the kernel sends when the *thread* that forked ends: if the lab
/// itself is killed, no virtual machine stays behind. The process id cannot be reused before the
/// thread has waited for it.
final class ChildProcess: Sendable {
  private enum Phase {
    case starting
    case running(pid_t)
    case failed(String)
    case ended
  }

  private let phase = Mutex(Phase.starting)
  private let used = Mutex(Duration.zero)
  private static let running = Mutex<[ObjectIdentifier: ChildProcess]>([:])

  /// Starts `arguments`. The program's output goes to the file `output`.
  static func start(_ arguments: [String], output: String) async throws -> ChildProcess {
    let child = ChildProcess()
    running.withLock { $0[ObjectIdentifier(child)] = child }
    let keeper = Thread { child.live(["setpriv", "--pdeathsig", "KILL"] + arguments, output) }
    keeper.name = "child process"
    keeper.start()
    while case .starting = child.phase.withLock({ $0 }) {
      try? await Task.sleep(for: .milliseconds(2))
    }
    if case .failed(let reason) = child.phase.withLock({ $0 }) {
      throw Failure("cannot start \(arguments[0]): \(reason)")
    }
    return child
  }

  /// Ends the program: SIGTERM, then SIGKILL if it has not ended after two seconds.
  func end() async {
    signal(SIGTERM)
    for _ in 0..<200 where isRunning { try? await Task.sleep(for: .milliseconds(10)) }
    signal(SIGKILL)
    while isRunning { try? await Task.sleep(for: .milliseconds(10)) }
  }

  /// The CPU time that the program used, user and system; zero while it runs.
  var cpuTime: Duration { used.withLock { $0 } }

  /// Kills all programs immediately, when the lab itself is interrupted.
  static func endAll() {
    for child in running.withLock({ Array($0.values) }) { child.signal(SIGKILL) }
  }

  /// Calls `body` with the process id, if the program has not ended. The id cannot be reused during
  /// the call.
  func withID(_ body: (pid_t) -> Void) {
    phase.withLock { if case .running(let id) = $0 { body(id) } }
  }

  private var isRunning: Bool {
    if case .running = phase.withLock({ $0 }) { true } else { false }
  }

  private func signal(_ number: Int32) {
    withID { kill($0, number) }
  }

  private func live(_ arguments: [String], _ output: String) {
    defer { _ = Self.running.withLock { $0.removeValue(forKey: ObjectIdentifier(self)) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)

    var attributes = Self.freshSignals()
    defer { posix_spawnattr_destroy(&attributes) }
    var words = arguments.map { strdup($0) }
    words.append(nil)
    defer { words.forEach { free($0) } }
    var id: pid_t = 0
    let result = posix_spawnp(&id, arguments[0], &actions, &attributes, words, environ)
    guard result == 0 else {
      phase.withLock { $0 = .failed(String(cString: strerror(result))) }
      return
    }
    phase.withLock { $0 = .running(id) }
    waitUntilGone(id)
  }

  /// Default signal dispositions and mask. The threads of the Swift runtime block signals, and the
  /// lab ignores some: a program that inherited that would not react to SIGTERM.
  private static func freshSignals() -> posix_spawnattr_t {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
    posix_spawnattr_setflags(&attributes, Int16(flags))
    return attributes
  }

  /// Waits without reaping, then reaps while it holds the lock, so that no signal goes to a reused
  /// process id.
  private func waitUntilGone(_ id: pid_t) {
    var info = siginfo_t()
    while waitid(P_PID, id_t(id), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
    phase.withLock {
      var status: Int32 = 0
      var usage = rusage()
      wait4(id, &status, 0, &usage)
      used.withLock { $0 = Duration(usage.ru_utime) + Duration(usage.ru_stime) }
      $0 = .ended
    }
  }
}

extension Duration {
  fileprivate init(_ time: timeval) {
    self = .seconds(time.tv_sec) + .microseconds(time.tv_usec)
  }
}

/// Kills all machines of this process immediately, when the lab itself is interrupted.
public func endAllMachines() {
  ChildProcess.endAll()
}
