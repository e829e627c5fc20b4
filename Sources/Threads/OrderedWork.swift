internal import CLibrary

/// Does jobs on several threads. They are finished in any order, and given back in the order in which they came.
///
/// A job is the number of a slot, from 0 on and after the last one from 0 again; what is in the slots is the caller's.
/// All threads wait without using a processor. The thread that makes the jobs works on them too, whenever it waits.
@safe package final class OrderedWork: @unchecked Sendable {
  // SAFETY: all variables are read and written under `lock`, and `slots` never changes.
  private let slotCount: Int
  private let work: @Sendable (_ slot: Int, _ worker: Int) -> Void
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  /// There is a job, or nothing to come.
  private let hasJob: UnsafeMutablePointer<pthread_cond_t>
  /// A job is done.
  private let hasDone: UnsafeMutablePointer<pthread_cond_t>
  private var submitted = 0
  private var started = 0
  private var taken = 0
  private var isDone: [Bool]
  private var isStopping = false
  private var threads: [pthread_t] = []

  /// Starts `threads` - 1 threads; fewer, if the system refuses.
  ///
  /// `work` is called with the slot of a job and the number of the thread, which is 0 for the one that calls `take`.
  package init(
    threads count: Int, slotCount: Int,
    work: @escaping @Sendable (_ slot: Int, _ worker: Int) -> Void
  ) {
    self.slotCount = slotCount
    self.work = work
    isDone = Array(repeating: false, count: slotCount)
    unsafe lock = .allocate(capacity: 1)
    unsafe hasJob = .allocate(capacity: 1)
    unsafe hasDone = .allocate(capacity: 1)
    unsafe pthread_mutex_init(lock, nil)
    unsafe pthread_cond_init(hasJob, nil)
    unsafe pthread_cond_init(hasDone, nil)
    for number in 1..<max(count, 1) {
      guard let thread = start({ self.workUntilStopped(number) }) else { break }
      threads.append(thread)
    }
  }

  deinit {
    unsafe pthread_cond_destroy(hasDone)
    unsafe pthread_cond_destroy(hasJob)
    unsafe pthread_mutex_destroy(lock)
    unsafe hasDone.deallocate()
    unsafe hasJob.deallocate()
    unsafe lock.deallocate()
  }

  /// How many jobs were submitted and not taken.
  package var pendingCount: Int {
    // Only this thread changes them.
    submitted - taken
  }

  /// Whether a slot is free for another job.
  package var hasSpace: Bool { pendingCount < slotCount }

  /// Says that the job in the next slot can be done.
  ///
  /// - Precondition: a slot is free.
  package func submit() {
    precondition(hasSpace, "a job without a slot")
    unsafe pthread_mutex_lock(lock)
    submitted += 1
    unsafe pthread_cond_signal(hasJob)
    unsafe pthread_mutex_unlock(lock)
  }

  /// Waits until the oldest job is done. Its slot is free afterwards.
  ///
  /// - Precondition: there is one.
  package func take() {
    precondition(pendingCount > 0, "no job to wait for")
    let slot = taken % slotCount
    unsafe pthread_mutex_lock(lock)
    while !isDone[slot] {
      if started < submitted {
        doNext(worker: 0)
      } else {
        unsafe pthread_cond_wait(hasDone, lock)
      }
    }
    isDone[slot] = false
    taken += 1
    unsafe pthread_mutex_unlock(lock)
  }

  /// Ends the threads when they have done their jobs. No job can be submitted afterwards.
  package func stop() {
    unsafe pthread_mutex_lock(lock)
    isStopping = true
    unsafe pthread_cond_broadcast(hasJob)
    unsafe pthread_mutex_unlock(lock)
    for thread in threads { pthread_join(thread, nil) }
    threads = []
  }

  /// Does the next job; `lock` is held before and afterwards.
  private func doNext(worker: Int) {
    let slot = started % slotCount
    started += 1
    unsafe pthread_mutex_unlock(lock)
    work(slot, worker)
    unsafe pthread_mutex_lock(lock)
    isDone[slot] = true
  }

  private func workUntilStopped(_ worker: Int) {
    unsafe pthread_mutex_lock(lock)
    while true {
      if started < submitted {
        doNext(worker: worker)
        unsafe pthread_cond_signal(hasDone)
      } else if isStopping {
        break
      } else {
        unsafe pthread_cond_wait(hasJob, lock)
      }
    }
    unsafe pthread_mutex_unlock(lock)
  }
}
