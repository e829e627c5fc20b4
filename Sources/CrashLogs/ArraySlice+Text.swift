internal import ByteCoding

// A kernel's log is bytes, not text: a program may write anything into it. All searches here are by bytes, and
// none can trap.

/// Part of a log.
package typealias LogBytes = ArraySlice<UInt8>

extension LogBytes {
  /// Whether it starts with `text`.
  func begins(_ text: String) -> Bool {
    starts(with: text.utf8)
  }

  /// What follows `text` at the start; nil if it starts with something else.
  func after(start text: String) -> LogBytes? {
    begins(text) ? dropFirst(text.utf8.count) : nil
  }

  /// Where `text`, which must not be empty, is first found at or after `from`.
  func position(of text: String, from: Int? = nil) -> Int? {
    let pattern = text.utf8
    guard let first = pattern.first, count >= pattern.count else { return nil }
    var at = Swift.max(from ?? startIndex, startIndex)
    let last = endIndex - pattern.count
    while at <= last {
      if self[at] == first, self[at...].starts(with: pattern) { return at }
      at += 1
    }
    return nil
  }

  /// Where `text` is last found.
  func lastPosition(of text: String) -> Int? {
    var found: Int?
    while let next = position(of: text, from: found.map { $0 + 1 }) { found = next }
    return found
  }

  /// Whether `text` is in it.
  func holds(_ text: String) -> Bool { position(of: text) != nil }

  /// What follows the first `text`.
  func after(_ text: String) -> LogBytes? {
    position(of: text).map { self[($0 + text.utf8.count)...] }
  }

  /// What is before the first `text`, or all of it.
  func until(_ text: String) -> LogBytes {
    position(of: text).map { self[..<$0] } ?? self
  }

  /// It without spaces at both ends.
  var trimmed: LogBytes {
    var part = self
    while let byte = part.first, byte.isBlank { part = part.dropFirst() }
    while let byte = part.last, byte.isBlank { part = part.dropLast() }
    return part
  }

  /// The words between spaces.
  var words: [LogBytes] { split { $0.isBlank } }

  /// The decimal number at the start; nil without a digit, or if it does not fit.
  var leadingNumber: UInt64? {
    var number: UInt64?
    for byte in self {
      guard let digit = byte.digit else { break }
      let (shifted, isTooLarge) = (number ?? 0).multipliedReportingOverflow(by: 10)
      let (sum, isTooLargeNow) = shifted.addingReportingOverflow(UInt64(digit))
      guard !isTooLarge, !isTooLargeNow else { return nil }
      number = sum
    }
    return number
  }

  /// The hexadecimal number that the digits at the start make; nil without any, or with more than 16.
  var leadingHexadecimal: UInt64? {
    var number: UInt64 = 0
    var count = 0
    for byte in self {
      guard let digit = byte.hexadecimalDigit else { break }
      guard count < 16 else { return nil }
      number = number << 4 | UInt64(digit)
      count += 1
    }
    return count > 0 ? number : nil
  }

  /// What follows the digits at the start.
  var withoutLeadingDigits: LogBytes { drop { $0.digit != nil } }

  /// It as text, with runs of spaces as one.
  var collapsed: String {
    var bytes: [UInt8] = []
    for byte in trimmed {
      if !byte.isBlank {
        bytes.append(byte)
      } else if bytes.last != 0x20 {
        bytes.append(0x20)
      }
    }
    return String(lossless: bytes)
  }

  /// It as text.
  var text: String { String(lossless: Array(self)) }
}

extension UInt8 {
  /// Whether it is a space, a tab, or a character that ends a line.
  var isBlank: Bool { self == 0x20 || (0x09...0x0D).contains(self) }

  /// The value of a decimal digit.
  var digit: UInt8? { (0x30...0x39).contains(self) ? self - 0x30 : nil }

  /// The value of a hexadecimal digit.
  var hexadecimalDigit: UInt8? {
    if let digit { return digit }
    let letter = self | 0x20
    return (0x61...0x66).contains(letter) ? letter - 0x61 + 10 : nil
  }

  /// Whether it can be part of a symbol's name.
  var isOfName: Bool {
    digit != nil || (0x61...0x7A).contains(self | 0x20) || self == 0x5F || self == 0x2E
      || self == 0x24
  }
}
