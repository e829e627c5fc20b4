internal import CLibrary

/// Starts a thread; nil when that fails.
func start(_ work: @escaping @Sendable () -> Void) -> pthread_t? {
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
