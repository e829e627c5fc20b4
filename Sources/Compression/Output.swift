internal import ByteCoding

/// The buffer that a stream is decompressed into, with its limit; or a small buffer that is passed to a
/// consumer whenever it is full.
///
/// It can hold one byte more than the limit allows, so that an output that is too large can be distinguished
/// from one of exactly the limit.
internal struct Output: ~Copyable {
  private var buffer: GrowableBytes
  /// The most bytes that are allowed.
  let limit: Int
  /// Whether the caller has given an expected size.
  let hasExpectedSize: Bool

  /// Gets the bytes; nil when all are kept.
  private let consumer: ((RawSpan) -> Void)?
  /// How many bytes have been passed to the consumer.
  private var consumed = 0

  /// The compressed input. Its memory is freed as it is used, so that compressed and decompressed bytes are
  /// not both in memory.
  private let input: SharedBytes
  /// How much of the input's memory has been freed.
  private var evicted = 0

  /// An empty buffer for the output of `input`.
  ///
  /// Without an expected size, it has four times that of the input, which is usual for kernels and initrds.
  /// Memory that is never filled costs nothing.
  init(limit: Int, expectedSize: Int?, input: SharedBytes) throws(CompressionError) {
    let limit = max(limit, 0)
    let size =
      expectedSize.map { max($0, 0) } ?? max(.kibibytes(64), input.count.saturatingMultiply(4))
    // First, since it can fail: Swift 6.2's verifier refuses an initializer that fails later.
    do {
      buffer = try GrowableBytes(capacity: min(size, limit).saturatingAdd(1))
    } catch {
      throw .outOfMemory(wanted: error.wanted)
    }
    self.limit = limit
    self.input = input
    consumer = nil
    hasExpectedSize = expectedSize != nil
  }

  /// A buffer of 64 KiB, or of one block if the format has larger ones, for the output of `input`; `consumer`
  /// gets the bytes in order.
  init(input: SharedBytes, consumer: @escaping (RawSpan) -> Void) throws(CompressionError) {
    do {
      buffer = try GrowableBytes(capacity: .kibibytes(64))
    } catch {
      throw .outOfMemory(wanted: error.wanted)
    }
    limit = .max
    self.input = input
    self.consumer = consumer
    hasExpectedSize = false
  }

  /// Whether the bytes are passed to a consumer, so that earlier output is no longer in the buffer.
  var isStreaming: Bool { consumer != nil }

  /// How many bytes have been decompressed.
  var count: Int { consumed + buffer.count }

  /// The free memory of the buffer, valid until the buffer grows.
  @unsafe var unfilled: UnsafeMutableRawBufferPointer { unsafe buffer.unfilled }

  /// Says that the next `size` bytes of `unfilled` hold output.
  @unsafe mutating func fill(_ size: Int) {
    unsafe buffer.fill(size)
  }

  /// Says that the input before `offset` has been used.
  mutating func hasUsedInput(before offset: Int) {
    guard offset - evicted >= Self.inputStep, let used = try? input.slice(evicted..<offset) else {
      return
    }
    used.evict()
    evicted = offset
  }

  /// How many bytes of input are used at a time.
  static let inputStep: Int = .mebibytes(1)

  /// Refuses an output that is too large.
  func checkLimit() throws(CompressionError) {
    guard count <= limit else { throw .tooLarge(limit: limit) }
  }

  /// Makes sure that the buffer is not full, by doubling it.
  mutating func makeRoom() throws(CompressionError) {
    try checkLimit()
    giveAway()
    if buffer.count == buffer.capacity {
      try reserve(max(buffer.capacity, .kibibytes(32)).saturatingMultiply(2))
    }
  }

  /// Makes sure that a block of `size` bytes fits, whatever the limit is; call `checkLimit` afterwards.
  mutating func makeRoom(forBlock size: Int) throws(CompressionError) {
    giveAway()
    let needed = buffer.count.saturatingAdd(size)
    if needed > buffer.capacity {
      try grow(to: max(needed, min(buffer.capacity.saturatingMultiply(2), limit)))
    }
  }

  /// Makes space for `size` bytes in all, or as many as the limit allows.
  mutating func reserve(_ size: Int) throws(CompressionError) {
    try grow(to: min(size, limit).saturatingAdd(1))
  }

  /// The output; memory that was not needed is freed.
  consuming func finish() throws(CompressionError) -> OwnedBytes {
    try checkLimit()
    return buffer.finish()
  }

  /// Passes all bytes to the consumer, if there is one.
  mutating func giveAway() {
    guard let consumer, buffer.count > 0 else { return }
    consumer(buffer.span)
    consumed += buffer.count
    buffer.clear()
  }

  /// The output so far, whether or not it is too large.
  consuming func finishAnyway() -> OwnedBytes { buffer.finish() }

  private mutating func grow(to capacity: Int) throws(CompressionError) {
    do {
      try buffer.reserve(capacity)
    } catch {
      throw .outOfMemory(wanted: error.wanted)
    }
  }
}

extension Int {
  /// The sum of two numbers that are not negative, or the largest number there is.
  fileprivate func saturatingAdd(_ other: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }

  /// The product of two numbers that are not negative, or the largest number there is.
  fileprivate func saturatingMultiply(_ other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}
