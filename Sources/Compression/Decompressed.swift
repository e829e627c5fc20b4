package import ByteCoding

/// The output of one stream.
package struct Decompressed: Sendable {
  /// The output.
  package let bytes: SharedBytes
  /// How many bytes of the input the stream takes; others may follow it.
  package let consumed: Int
}

/// The output of one stream, which may still be changed in place.
package struct MutableDecompressed: ~Copyable, Sendable {
  /// The output.
  package var bytes: OwnedBytes
  /// How many bytes of the input the stream takes; others may follow it.
  package let consumed: Int

  /// Returns only the bytes.
  package consuming func take() -> OwnedBytes {
    bytes
  }

  /// The same output, which can be shared and no longer changed.
  package consuming func freeze() -> Decompressed {
    let consumed = consumed
    return Decompressed(bytes: bytes.freeze(), consumed: consumed)
  }
}
