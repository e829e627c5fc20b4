package import ByteCoding

/// A flattened file, for where nothing can be written in any other order than the bytes': each write becomes a record.
package final class FlattenedOutput: @unchecked Sendable {
  /// - Parameter append: takes the next bytes of the flattened file.
  package init(append: @escaping @Sendable (RawSpan) throws(WriteFailure) -> Void) {
  }

  /// The file inside.
  package var output: RandomAccessOutput {
    RandomAccessOutput { (bytes, offset) throws(WriteFailure) in }
  }

  /// Bytes of the flattened file so far.
  package var byteCount: UInt64 { 0 }

  /// Writes the record that ends the file.
  package func finish() throws(WriteFailure) {
  }
}
