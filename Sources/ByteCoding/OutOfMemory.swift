/// There is no memory for a buffer.
package struct OutOfMemory: Error, Equatable, Sendable {
  /// How many bytes the buffer was to have.
  package let wanted: Int

  /// Describes a buffer of `wanted` bytes that could not be had.
  package init(wanted: Int) {
    self.wanted = wanted
  }
}
