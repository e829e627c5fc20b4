internal import Glibc
internal import Synchronization

/// A call that is made after a while unless it is cancelled before.
package final class DelayedCall: Sendable {
  private let isCancelled = Atomic(false)

  /// Calls `body` on another thread in `seconds` seconds.
  package init(after seconds: UInt32, _ body: @escaping @Sendable () -> Void) {
    detach { [self] in
      _ = sleep(seconds)
      if !isCancelled.load(ordering: .acquiring) { body() }
    }
  }

  /// Sees to it that the call is not made, if it has not been yet.
  package func cancel() {
    isCancelled.store(true, ordering: .releasing)
  }
}
