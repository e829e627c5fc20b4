/// What one call of a library has done.
internal struct Step {
  /// How many bytes of input it has read.
  var consumed: Int
  /// How many bytes of output it has written.
  var produced: Int
  /// Whether the stream has ended.
  var isFinished: Bool
}

/// Drives a library that reads and writes as much as it can each time it is called.
///
/// - Parameters:
///   - format: For errors.
///   - input: The stream, and possibly other bytes after it.
///   - output: The buffer.
///   - step: Calls the library with some of what is left of the input, the offset of that, and the
///     space left in the output, which is never empty.
/// - Returns: How many bytes of the input belong to the stream.
/// - Throws: What `step` throws, or that the input or the space has come to its end.
internal func drive(
  _ format: CompressionFormat, _ input: UnsafeRawBufferPointer, _ output: inout Output,
  step: (UnsafeRawBufferPointer, Int, UnsafeMutableRawBufferPointer) throws(CompressionError) ->
    Step
) throws(CompressionError) -> Int {
  var consumed = 0
  while true {
    try output.makeRoom()
    let end = min(input.count, consumed + Output.inputStep)
    let rest = unsafe UnsafeRawBufferPointer(rebasing: input[consumed..<end])
    let done = try unsafe step(rest, consumed, output.unfilled)
    consumed += done.consumed
    unsafe output.fill(done.produced)
    output.hasUsedInput(before: consumed)
    if done.isFinished { return consumed }
    // There was space for output: what is missing is input.
    if done.consumed == 0 && done.produced == 0 {
      throw .truncated(format, inputOffset: consumed)
    }
  }
}

extension UnsafeRawBufferPointer {
  /// The address as C libraries want it: bytes, and for some of them not constant.
  internal var asInput: UnsafeMutablePointer<UInt8>? {
    unsafe UnsafeMutablePointer(mutating: baseAddress?.assumingMemoryBound(to: UInt8.self))
  }
}

extension UnsafeMutableRawBufferPointer {
  /// The address as C libraries want it.
  internal var asOutput: UnsafeMutablePointer<UInt8>? {
    unsafe baseAddress?.assumingMemoryBound(to: UInt8.self)
  }
}
