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

/// The result of a thread. SAFETY: written by one thread, read by another only after joining it.
private final class Answer<Value: Sendable>: @unchecked Sendable {
  var value: Value?
}
