internal import CLibrary

/// Bytes that never change and stay where they are: a mapped file, or an array.
///
/// Copies and slices share the storage, so a kernel of 14 MB is passed from module to module without being
/// copied. The storage is released with the last of them.
package struct SharedBytes: Sendable {
  private let storage: Storage
  private let range: Range<Int>

  /// The bytes of an array.
  package init(_ bytes: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    unsafe copy.copyBytes(from: bytes)
    unsafe self.init(adopting: UnsafeRawBufferPointer(copy)) { unsafe $0.deallocate() }
  }

  /// Takes over `buffer`; `release` is called with it when nothing refers to it any more.
  ///
  /// The caller promises that the bytes neither move nor change until then.
  ///
  /// - Parameters:
  ///   - buffer: the memory.
  ///   - evict: frees the memory of a part of a mapped file for now; nil for other memory.
  ///   - release: releases the memory.
  package init(
    adopting buffer: UnsafeRawBufferPointer,
    evict: (@Sendable (UnsafeRawBufferPointer) -> Void)? = nil,
    release: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
  ) {
    unsafe self.storage = Storage(buffer, evict, release)
    self.range = 0..<buffer.count
  }

  private init(_ storage: Storage, _ range: Range<Int>) {
    self.storage = storage
    self.range = range
  }

  /// How many bytes there are.
  package var count: Int { range.count }

  /// Whether they are those of a mapped file, which other programs may change meanwhile.
  package var isMapped: Bool { unsafe storage.evict != nil }

  /// A view of the bytes, valid while this value lives.
  package var span: RawSpan {
    @_lifetime(borrow self)
    get {
      // SAFETY: the storage is immutable and lives at least as long as `self`, which holds it.
      let bytes = unsafe RawSpan(
        _unsafeBytes: UnsafeRawBufferPointer(rebasing: storage.buffer[range]))
      return unsafe _overrideLifetime(bytes, borrowing: self)
    }
  }

  /// The part of the bytes in `part`, sharing the storage.
  ///
  /// - Throws: `OutOfBounds` unless all of it is there.
  package func slice(_ part: Range<Int>) throws(OutOfBounds) -> SharedBytes {
    guard part.lowerBound >= 0, part.upperBound <= count else {
      throw OutOfBounds(offset: part.lowerBound, wanted: part.count, available: count)
    }
    return SharedBytes(
      storage, (range.lowerBound + part.lowerBound)..<(range.lowerBound + part.upperBound))
  }

  /// The offset of the first occurrence of `pattern`, which must not be empty; nil when there is none.
  package func firstOffset(of pattern: [UInt8]) -> Int? {
    unsafe withUnsafeBytes { buffer in
      var start = 0
      while start + pattern.count <= buffer.count, let base = buffer.baseAddress {
        // SAFETY: the search and the comparison end inside the buffer.
        let space = buffer.count - pattern.count + 1 - start
        guard let found = unsafe memchr(base + start, Int32(pattern[0]), space) else { return nil }
        if unsafe memcmp(found, pattern, pattern.count) == 0 {
          return unsafe UnsafeRawPointer(found) - base
        }
        start = unsafe UnsafeRawPointer(found) - base + 1
      }
      return nil
    }
  }

  /// The bytes as an array: a copy, for small things.
  package var array: [UInt8] {
    unsafe withUnsafeBytes { unsafe [UInt8]($0) }
  }

  /// Frees the memory of a mapped file until the bytes are used again, when they are read from the file once
  /// more. Does nothing for other memory.
  package func evict() {
    unsafe storage.evict?(UnsafeRawBufferPointer(rebasing: storage.buffer[range]))
  }

  /// Calls `body` with the address of the bytes, for a system call.
  @unsafe package func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe body(UnsafeRawBufferPointer(rebasing: storage.buffer[range]))
  }

  /// Owns the memory. SAFETY: immutable after `init`, so sharing it between threads is sound.
  @safe private final class Storage: @unchecked Sendable {
    let buffer: UnsafeRawBufferPointer
    let evict: (@Sendable (UnsafeRawBufferPointer) -> Void)?
    private let release: @Sendable (UnsafeRawBufferPointer) -> Void

    init(
      _ buffer: UnsafeRawBufferPointer,
      _ evict: (@Sendable (UnsafeRawBufferPointer) -> Void)?,
      _ release: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) {
      unsafe self.buffer = buffer
      unsafe self.evict = evict
      unsafe self.release = release
    }

    deinit {
      unsafe release(buffer)
    }
  }
}
