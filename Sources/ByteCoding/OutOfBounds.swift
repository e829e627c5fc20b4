/// A read or write outside the available bytes.
@usableFromInline package struct OutOfBounds: Error, Equatable, Sendable {
  /// The offset of the first byte that was wanted.
  package let offset: Int
  /// How many bytes were wanted.
  package let wanted: Int
  /// How many bytes there are in total.
  package let available: Int

  /// Describes `wanted` bytes at `offset` of something that has only `available` bytes.
  @usableFromInline package init(offset: Int, wanted: Int, available: Int) {
    self.offset = offset
    self.wanted = wanted
    self.available = available
  }
}
