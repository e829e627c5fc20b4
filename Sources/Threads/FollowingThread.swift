internal import CLibrary

/// A thread that does work behind another one: whenever that has come further, up to there.
@safe package final class FollowingThread: @unchecked Sendable {
  // SAFETY: all variables are read and written under `lock`.
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let hasChanged: UnsafeMutablePointer<pthread_cond_t>
  private var position: UInt64 = 0
  private var isEnding = false
  private var thread: pthread_t?
  private let work: @Sendable (UInt64) -> Void

  /// Starts the thread. `work` is called on it with positions that ascend; the last one is that of `finish`.
  ///
  /// Without a thread, because the system refuses one or `isThreaded` is false, `finish` does all the work.
  package init(isThreaded: Bool, work: @escaping @Sendable (UInt64) -> Void) {
    unsafe lock = .allocate(capacity: 1)
    unsafe hasChanged = .allocate(capacity: 1)
    self.work = work
    unsafe pthread_mutex_init(lock, nil)
    unsafe pthread_cond_init(hasChanged, nil)
    if isThreaded { thread = start { self.follow() } }
  }

  deinit {
    unsafe pthread_cond_destroy(hasChanged)
    unsafe pthread_mutex_destroy(lock)
    unsafe hasChanged.deallocate()
    unsafe lock.deallocate()
  }

  /// Says how far the thread can work.
  package func advance(to position: UInt64) {
    unsafe pthread_mutex_lock(lock)
    self.position = position
    unsafe pthread_cond_signal(hasChanged)
    unsafe pthread_mutex_unlock(lock)
  }

  /// Waits until the thread has worked up to `position`, and ends it. Must be called once.
  package func finish(at position: UInt64) {
    unsafe pthread_mutex_lock(lock)
    self.position = position
    isEnding = true
    unsafe pthread_cond_signal(hasChanged)
    unsafe pthread_mutex_unlock(lock)
    if let thread {
      pthread_join(thread, nil)
    } else {
      work(position)
    }
    thread = nil
  }

  private func follow() {
    var done: UInt64 = 0
    while true {
      unsafe pthread_mutex_lock(lock)
      while position <= done, !isEnding { unsafe pthread_cond_wait(hasChanged, lock) }
      let (next, isLast) = (position, isEnding)
      unsafe pthread_mutex_unlock(lock)
      if next > done { work(next) }
      done = next
      if isLast { return }
    }
  }
}
