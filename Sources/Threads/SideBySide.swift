internal import CLibrary

/// Runs two functions at the same time, if there are processors for that.
///
/// - Returns: both results, when both functions have returned.
package func sideBySide<First: Sendable, Second: Sendable>(
  _ first: @escaping @Sendable () -> First, _ second: @Sendable () -> Second
) -> (First, Second) {
  let answer = Answer<First>()
  guard let thread = start({ answer.value = first() }) else { return (first(), second()) }
  let theirs = second()
  pthread_join(thread, nil)
  return (answer.value ?? first(), theirs)
}

/// Starts a thread; nil when that fails.
private func start(_ work: @escaping @Sendable () -> Void) -> pthread_t? {
  let job = unsafe Unmanaged.passRetained(Job(work))
  var thread = pthread_t()
  var attributes = pthread_attr_t()
  unsafe pthread_attr_init(&attributes)
  defer { unsafe _ = pthread_attr_destroy(&attributes) }
  // The default size is the limit of the stack, which may be too little, or 8 MiB of an address space that
  // may be limited too.
  unsafe pthread_attr_setstacksize(&attributes, 1_048_576)  // 1 MiB
  // SAFETY: the thread takes over the retained job.
  let status = unsafe pthread_create(&thread, &attributes, { unsafe runJob($0) }, job.toOpaque())
  if status == 0 { return thread }
  unsafe job.release()
  return nil
}

private func runJob(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let pointer = unsafe pointer else { return nil }
  // SAFETY: `start` has retained exactly one job for this thread.
  unsafe Unmanaged<Job>.fromOpaque(pointer).takeRetainedValue().work()
  return nil
}

/// A function that can be passed to a C function as a pointer.
private final class Job: Sendable {
  let work: @Sendable () -> Void

  init(_ work: @escaping @Sendable () -> Void) {
    self.work = work
  }
}

/// The result of a thread. SAFETY: written by one thread, read by another only after joining it.
private final class Answer<Value: Sendable>: @unchecked Sendable {
  var value: Value?
}
