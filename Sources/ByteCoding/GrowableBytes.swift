internal import CLibrary

/// A buffer that is filled from its start and grows when there is no space left.
///
/// It grows with `realloc`, which moves large blocks by changing page tables (`mremap`): nothing is
/// copied, and memory beyond what was filled is reserved only, not used.
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
    precondition(size >= 0 && size <= capacity - count, "filled more than there is room for")
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

  /// Forgets what has been filled; the space stays.
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

  /// What has been filled, with the rest of the space given back.
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
    // Only an advice, so its failure means nothing; it wants the address of a page.
    let size = Int(getpagesize())
    let misalignment = unsafe Int(bitPattern: base) % size
    unsafe _ = madvise(base - misalignment, capacity + misalignment, MADV_HUGEPAGE)
  }
}

// Embedded Swift compiles the end of a noncopyable value in every module that has one; hence what is
// inlinable or frozen here, in OwnedBytes and in FileDescriptor.

/// Gives memory of `malloc` back.
@usableFromInline internal func giveBack(_ base: UnsafeMutableRawPointer) {
  unsafe free(base)
}
