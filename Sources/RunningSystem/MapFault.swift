internal import ByteCoding

/// A part of a memory map of the running kernel that cannot be, and is left out but for `noType`.
package struct MapFault: Equatable, Sendable {
  /// What is wrong with it.
  package enum Reason: Error, Equatable, Sendable {
    /// It has not the form `START-END : NAME`, or a number of it is missing or has other digits.
    case malformed
    /// It ends before it starts.
    case inverted
    /// A number has more than 64 bits.
    case tooLarge
    /// It does not say what is there, and counts as reserved.
    case noType
  }

  /// Where it is: "/proc/iomem line 7" or "/sys/firmware/memmap/3".
  package let place: String
  /// What stands there: at most 52 characters, all of them printable.
  package let text: String
  /// What is wrong with it.
  package let reason: Reason

  /// The fault at `place`, where `text` stands.
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
