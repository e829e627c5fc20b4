internal import CLibrary

/// A buffer that is filled from its start and grows when there is no space left.
///
/// It grows by `realloc`, which moves large blocks by changing page tables (`mremap`), without copying.
/// Memory that is not filled yet is only reserved, not used.
@usableFromInline @frozen @safe package struct GrowableBytes: ~Copyable {
  // SAFETY: `base` points at `capacity` bytes from `malloc`; the first `count` are initialised.
  @usableFromInline internal var base: UnsafeMutableRawPointer
  /// How many bytes have been filled.
  package private(set) var count = 0
  /// How many bytes there is space for in all.
  package private(set) var capacity: Int

  /// An empty buffer with space for `capacity` bytes.
  package init(capacity: Int) throws(OutOfMemory) {
    guard let base = unsafe malloc(max(capacity, 1)) else { throw OutOfMemory(wanted: capacity) }
    unsafe self.base = base
    self.capacity = capacity
    adviseHugePages()
  }

  @inlinable deinit {
    unsafe giveBack(base)
  }

  /// Makes space for at least `wanted` bytes in all.
  package mutating func reserve(_ wanted: Int) throws(OutOfMemory) {
    guard wanted > capacity else { return }
    guard let moved = unsafe realloc(base, wanted) else { throw OutOfMemory(wanted: wanted) }
    unsafe base = moved
    capacity = wanted
    adviseHugePages()
  }

  /// The space after the filled bytes, valid until the buffer grows.
  @unsafe package var unfilled: UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: base + count, count: capacity - count)
  }

  /// Says that the next `size` bytes of `unfilled` have been filled.
  @unsafe package mutating func fill(_ size: Int) {
    precondition(size >= 0 && size <= capacity - count, "filled more than there is space for")
    count += size
  }

  /// A view of what has been filled, valid until the buffer changes.
  package var span: RawSpan {
    @_lifetime(borrow self)
    get {
      // SAFETY: the first `count` bytes are initialised, and changing them needs exclusive access.
      let bytes = unsafe RawSpan(
        _unsafeBytes: UnsafeRawBufferPointer(start: base, count: count))
      return unsafe _overrideLifetime(bytes, borrowing: self)
    }
  }

  /// Empties the buffer and keeps its memory.
  package mutating func clear() {
    count = 0
  }

  /// Copies `bytes` behind what has been filled.
  package mutating func append(_ bytes: SharedBytes) throws(OutOfMemory) {
    try reserve(count + bytes.count)
    // SAFETY: `reserve` has made space for all of them.
    unsafe bytes.withUnsafeBytes { unsafe unfilled.copyMemory(from: $0) }
    unsafe fill(bytes.count)
  }

  /// The filled bytes; the rest of the memory is freed.
  package consuming func finish() -> OwnedBytes {
    let count = count
    // When even shrinking fails, the larger block still holds the bytes.
    let shrunk = unsafe realloc(base, max(count, 1)) ?? base
    discard self
    return unsafe OwnedBytes(adopting: shrunk, count: count)
  }

  /// Asks for huge pages: filling a large buffer then takes a page fault every 2 MiB, not every
  /// 4 KiB. Decoding a kernel of 53 MB from LZ4 took half as long.
  private func adviseHugePages() {
    guard capacity >= .mebibytes(4) else { return }
    // It is only advice, so errors do not matter. It needs the address of a page.
    let size = Int(getpagesize())
    let misalignment = unsafe Int(bitPattern: base) % size
    unsafe _ = madvise(base - misalignment, capacity + misalignment, MADV_HUGEPAGE)
  }
}

// Embedded Swift compiles the deinit of a noncopyable type in every module that uses the type. Therefore some
// declarations here, in OwnedBytes and in FileDescriptor are inlinable or frozen.

/// Frees memory of `malloc`.
@usableFromInline internal func giveBack(_ base: UnsafeMutableRawPointer) {
  unsafe free(base)
}
