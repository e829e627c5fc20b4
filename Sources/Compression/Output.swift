internal import ByteCoding

/// The one buffer that a stream is decompressed into, and its limit; or a small one, whose bytes are
/// given away whenever it is full.
///
/// There may be space for one byte more than the limit allows, so that an output that is too large
/// is told from one that is just as large as it may be.
internal struct Output: ~Copyable {
  private var buffer: GrowableBytes
  /// How many bytes there may be.
  let limit: Int
  /// Whether somebody has said how large the output is likely to be.
  let hasExpectedSize: Bool

  /// What is given the bytes; nil when all are kept.
  private let consumer: ((RawSpan) -> Void)?
  /// How many bytes have been given away.
  private var consumed = 0

  /// What is decompressed. Its memory is let go as it is used, or the packed and the unpacked bytes
  /// would be in memory together.
  private let input: SharedBytes
  /// How much of the input's memory has been let go.
  private var evicted = 0

  /// An empty buffer for what `input` unpacks to.
  ///
  /// Without a size to expect, it has four times that of the input: usual for kernels and initial
  /// file systems. Memory that is never filled costs nothing.
  init(limit: Int, expectedSize: Int?, input: SharedBytes) throws(CompressionError) {
    let limit = max(limit, 0)
    let size =
      expectedSize.map { max($0, 0) } ?? max(.kibibytes(64), input.count.saturatingMultiply(4))
    // First, since it can fail: Swift 6.2's verifier refuses to give up a value that is half made.
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

  /// A buffer of 64 KiB, or of a block where a format has larger ones, for what `input` unpacks to;
  /// `consumer` is given the bytes in order.
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

  /// Whether the bytes are given away: then what was decompressed is not there to be looked at again.
  var isStreaming: Bool { consumer != nil }

  /// How many bytes have been decompressed.
  var count: Int { consumed + buffer.count }

  /// The space that is left, valid until it is asked to be larger.
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

  /// How much input is used at a time.
  static let inputStep: Int = .mebibytes(1)

  /// Refuses an output that is too large.
  func checkLimit() throws(CompressionError) {
    guard count <= limit else { throw .tooLarge(limit: limit) }
  }

  /// Makes sure that there is some space, doubling the buffer if there is none.
  mutating func makeRoom() throws(CompressionError) {
    try checkLimit()
    giveAway()
    if buffer.count == buffer.capacity {
      try reserve(max(buffer.capacity, .kibibytes(32)).saturatingMultiply(2))
    }
  }

  /// Makes sure that a block of `size` bytes fits, whatever the limit; `checkLimit` comes after it.
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

  /// The output, with space that was not needed given back.
  consuming func finish() throws(CompressionError) -> OwnedBytes {
    try checkLimit()
    return buffer.finish()
  }

  /// Gives all bytes to the consumer, if there is one.
  mutating func giveAway() {
    guard let consumer, buffer.count > 0 else { return }
    consumer(buffer.span)
    consumed += buffer.count
    buffer.clear()
  }

  /// The output as far as there is one, whether or not it is too large.
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
