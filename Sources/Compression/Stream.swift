/// The result of one call of a library.
internal struct Step {
  /// How many bytes of input it has read.
  var consumed: Int
  /// How many bytes of output it has written.
  var produced: Int
  /// Whether the stream has ended.
  var isFinished: Bool
}

/// Calls a library repeatedly that reads and writes as much as it can in each call.
///
/// - Parameters:
///   - format: For errors.
///   - input: The stream, and possibly other bytes after it.
///   - output: The buffer.
///   - step: Calls the library with some of the remaining input, its offset, and the free memory of the
///     output, which is never empty.
/// - Returns: How many bytes of the input belong to the stream.
/// - Throws: What `step` throws, or an error because the input or the output's limit has been reached.
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
    // The output was not full, so input is missing.
    if done.consumed == 0 && done.produced == 0 {
      throw .truncated(format, inputOffset: consumed)
    }
  }
}

extension UnsafeRawBufferPointer {
  /// The address in the form that C libraries need: of bytes, and for some libraries not constant.
  internal var asInput: UnsafeMutablePointer<UInt8>? {
    unsafe UnsafeMutablePointer(mutating: baseAddress?.assumingMemoryBound(to: UInt8.self))
  }
}

extension UnsafeMutableRawBufferPointer {
  /// The address in the form that C libraries need.
  internal var asOutput: UnsafeMutablePointer<UInt8>? {
    unsafe baseAddress?.assumingMemoryBound(to: UInt8.self)
  }
}
