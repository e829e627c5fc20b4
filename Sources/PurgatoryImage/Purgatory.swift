import ByteCoding

/// The code that runs between two kernels, as a blob that works at any page of memory.
package struct Purgatory: Sendable {
  /// The purgatory for x86_64 kernels.
  package static let x86_64 = Purgatory(words: purgatoryWords)

  /// What is loaded, with its parameters not set.
  package let bytes: [UInt8]
  /// Bytes of memory that it needs: the bytes, then zeros for its variables and stack. Whole pages.
  package let memorySize: Int
  /// Where it is entered, in bytes from its start.
  package let entryOffset = 0
  /// Where a C function starts that takes nothing and returns 0 if the digest is right, 1 if it is
  /// wrong, and 2 if the parameters make no sense: for tests.
  package let verifyOffset: Int

  /// The blob in `words`, little-endian; the build has checked its header.
  init(words: [UInt64]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 * words.count)
    for word in words {
      bytes.append(littleEndian: word)
    }
    func header(_ field: Field<UInt64>) -> Int {
      let start = HeaderLayout.base + field.offset
      return bytes[start..<start + field.size].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    self.memorySize = header(HeaderLayout.memorySize)
    self.verifyOffset = header(HeaderLayout.verifyOffset)
    bytes.removeSubrange(header(HeaderLayout.fileSize)...)
    self.bytes = bytes
  }
}
