internal import CLibrary

/// A thread that does numbered steps of work behind another one: each as soon as that one allows it.
@safe package final class FollowingThread: @unchecked Sendable {
  // SAFETY: all variables are read and written under `lock`, but for `thread`, which only the owner uses.
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let hasChanged: UnsafeMutablePointer<pthread_cond_t>
  private var allowed: UInt64
  private var isEnding = false
  private var isCancelled = false
  private var thread: pthread_t?

  /// Starts the thread. `work` is called on it with `first` and the numbers behind it. If the system refuses a thread, no
  /// step is done.
  package init(from first: UInt64, work: @escaping @Sendable (UInt64) -> Void) {
    unsafe lock = .allocate(capacity: 1)
    unsafe hasChanged = .allocate(capacity: 1)
    allowed = first
    unsafe pthread_mutex_init(lock, nil)
    unsafe pthread_cond_init(hasChanged, nil)
    thread = start { self.follow(from: first, work) }
  }

  deinit {
    unsafe pthread_cond_destroy(hasChanged)
    unsafe pthread_mutex_destroy(lock)
    unsafe hasChanged.deallocate()
    unsafe lock.deallocate()
  }

  /// Allows all steps before `end`.
  package func advance(to end: UInt64) {
    unsafe pthread_mutex_lock(lock)
    allowed = max(allowed, end)
    unsafe pthread_cond_signal(hasChanged)
    unsafe pthread_mutex_unlock(lock)
  }

  /// Waits until the steps that are allowed are done, or only the current one if `isCancelled`, and ends the thread. Must
  /// be called once.
  package func end(isCancelled: Bool = false) {
    unsafe pthread_mutex_lock(lock)
    isEnding = true
    self.isCancelled = isCancelled
    unsafe pthread_cond_signal(hasChanged)
    unsafe pthread_mutex_unlock(lock)
    if let thread { pthread_join(thread, nil) }
    thread = nil
  }

  private func follow(from first: UInt64, _ work: (UInt64) -> Void) {
    var next = first
    while true {
      unsafe pthread_mutex_lock(lock)
      while next >= allowed, !isEnding { unsafe pthread_cond_wait(hasChanged, lock) }
      let isAllowed = next < allowed && !isCancelled
      unsafe pthread_mutex_unlock(lock)
      guard isAllowed else { return }
      work(next)
      next += 1
    }
  }
}
