/// A read or write beyond the bytes that there are.
@usableFromInline package struct OutOfBounds: Error, Equatable, Sendable {
  /// First byte that was wanted.
  package let offset: Int
  /// How many bytes were wanted.
  package let wanted: Int
  /// How many bytes there are in all.
  package let available: Int

  /// Describes `wanted` bytes at `offset` of something that has only `available` bytes.
  @usableFromInline package init(offset: Int, wanted: Int, available: Int) {
    self.offset = offset
    self.wanted = wanted
    self.available = available
  }
}
