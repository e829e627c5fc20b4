package import ByteCoding

/// One decompressed stream.
package struct Decompressed: Sendable {
  /// What the stream holds.
  package let bytes: SharedBytes
  /// How many bytes of the input the stream takes; others may follow it.
  package let consumed: Int
}

/// One decompressed stream, which may still be changed in place.
package struct MutableDecompressed: ~Copyable, Sendable {
  /// What the stream holds.
  package var bytes: OwnedBytes
  /// How many bytes of the input the stream takes; others may follow it.
  package let consumed: Int

  /// The bytes alone.
  package consuming func take() -> OwnedBytes {
    bytes
  }

  /// The same, from now on shared and unchangeable.
  package consuming func freeze() -> Decompressed {
    let consumed = consumed
    return Decompressed(bytes: bytes.freeze(), consumed: consumed)
  }
}
