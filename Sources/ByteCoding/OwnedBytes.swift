internal import CLibrary

/// Bytes with one owner, which may change them in place and then share them without a copy.
///
/// The memory is released with this value, or with the last user of what `freeze()` returns.
@usableFromInline @frozen @safe package struct OwnedBytes: ~Copyable, @unchecked Sendable {
  // SAFETY: `base` points at `count` initialised bytes from `malloc` that only this value knows.
  @usableFromInline internal let base: UnsafeMutableRawPointer
  /// How many bytes there are.
  @usableFromInline package let count: Int

  /// `count` zeros.
  ///
  /// - Throws: `OutOfMemory` rather than ending the process.
  package init(zeros count: Int) throws(OutOfMemory) {
    guard let base = unsafe calloc(max(count, 1), 1) else { throw OutOfMemory(wanted: count) }
    unsafe self.init(adopting: base, count: count)
  }

  /// Takes over `count` initialised bytes at `base`, which `malloc` or `realloc` has returned.
  @unsafe package init(adopting base: UnsafeMutableRawPointer, count: Int) {
    unsafe self.base = base
    self.count = count
  }

  @inlinable deinit {
    unsafe giveBack(base)
  }

  /// A view of the bytes, valid until they are changed or shared.
  package var span: RawSpan {
    @_lifetime(borrow self)
    get {
      // SAFETY: the bytes live as long as `self`, and changing them needs exclusive access to it.
      let bytes = unsafe RawSpan(
        _unsafeBytes: UnsafeRawBufferPointer(start: base, count: count))
      return unsafe _overrideLifetime(bytes, borrowing: self)
    }
  }

  /// The little-endian integer at `offset`, which need not be aligned.
  ///
  /// - Throws: `OutOfBounds` unless all of its bytes are there.
  @inlinable @inline(__always)
  package func load<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type = Value.self, at offset: Int
  ) throws(OutOfBounds) -> Value {
    let size = MemoryLayout<Value>.size
    guard offset >= 0, offset <= count - size else {
      throw OutOfBounds(offset: offset, wanted: size, available: count)
    }
    // SAFETY: the guard above proves that the bytes are there.
    return unsafe Value(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: Value.self))
  }

  /// Writes `value` at `offset`, which need not be aligned, in little-endian order.
  ///
  /// - Throws: `OutOfBounds` unless there is space for all of its bytes; then nothing is written.
  @inlinable @inline(__always)
  package mutating func store<Value: FixedWidthInteger & BitwiseCopyable>(
    _ value: Value, at offset: Int
  ) throws(OutOfBounds) {
    let size = MemoryLayout<Value>.size
    guard offset >= 0, offset <= count - size else {
      throw OutOfBounds(offset: offset, wanted: size, available: count)
    }
    // SAFETY: the guard above proves that the bytes are there.
    unsafe base.storeBytes(of: value.littleEndian, toByteOffset: offset, as: Value.self)
  }

  // These are not generic, for loops over very many words: a generic function is not always specialised for
  // its callers in other modules.

  /// The little-endian word of four bytes at `offset`, which need not be aligned.
  ///
  /// - Throws: `OutOfBounds` unless all four bytes are there.
  package func word(at offset: Int) throws(OutOfBounds) -> UInt32 {
    try load(UInt32.self, at: offset)
  }

  /// Adds `addend`, wrapping around, to the little-endian word of four bytes at `offset`.
  ///
  /// - Throws: `OutOfBounds` unless all four bytes are there; then nothing is written.
  package mutating func add(_ addend: UInt32, at offset: Int) throws(OutOfBounds) {
    try store(try load(UInt32.self, at: offset) &+ addend, at: offset)
  }

  /// Adds `addend`, wrapping around, to the little-endian word of eight bytes at `offset`.
  ///
  /// - Throws: `OutOfBounds` unless all eight bytes are there; then nothing is written.
  package mutating func add(_ addend: UInt64, at offset: Int) throws(OutOfBounds) {
    try store(try load(UInt64.self, at: offset) &+ addend, at: offset)
  }

  /// Calls `body` with the address of the bytes, for loops whose bounds were checked before.
  @unsafe package mutating func withUnsafeMutableBytes<Result, Failure: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe body(UnsafeMutableRawBufferPointer(start: base, count: count))
  }

  /// The same bytes, which can be shared and no longer changed.
  package consuming func freeze() -> SharedBytes {
    let bytes = unsafe UnsafeRawBufferPointer(start: base, count: count)
    discard self
    return unsafe SharedBytes(adopting: bytes) { bytes in
      unsafe free(UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }
  }
}
