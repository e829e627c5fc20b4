/// There is not enough memory for a buffer.
package struct OutOfMemory: Error, Equatable, Sendable {
  /// How many bytes the buffer was to have.
  package let wanted: Int

  /// There is no memory for a buffer of `wanted` bytes.
  package init(wanted: Int) {
    self.wanted = wanted
  }
}
