internal import ByteCoding

/// An impossible entry of a memory map of the running kernel. It is ignored, except for `noType`.
package struct MapFault: Equatable, Sendable {
  /// What is wrong with it.
  package enum Reason: Error, Equatable, Sendable {
    /// It does not have the form `START-END : NAME`, or a number is missing or has wrong digits.
    case malformed
    /// It ends before it starts.
    case inverted
    /// A number has more than 64 bits.
    case tooLarge
    /// It does not tell the type of memory, and counts as reserved.
    case noType
  }

  /// Where it is: "/proc/iomem line 7" or "/sys/firmware/memmap/3".
  package let place: String
  /// Its text: at most 52 characters, all of them printable.
  package let text: String
  /// What is wrong with it.
  package let reason: Reason

  /// The fault of the entry `text` at `place`.
  package init(place: String, text: some Sequence<UInt8>, reason: Reason) {
    self.place = place
    self.text = String(printable: text.prefix(52))
    self.reason = reason
  }
}

extension MapFault {
  /// Why `digits` is no number of this radix.
  static func reason(of digits: some StringProtocol, radix: Int) -> Reason {
    let isNumber =
      !digits.isEmpty && digits.utf8.allSatisfy { Character(UnicodeScalar($0)).isDigit(radix) }
    return isNumber ? .tooLarge : .malformed
  }
}

extension Character {
  /// Whether this is an ASCII digit of a number with `radix`.
  fileprivate func isDigit(_ radix: Int) -> Bool {
    isASCII && hexDigitValue.map { $0 < radix } ?? false
  }
}
