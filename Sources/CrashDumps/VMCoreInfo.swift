internal import ByteCoding

/// VMCOREINFO: what a kernel says of itself for readers of its dump, as lines of `KEY=VALUE`.
///
/// Documented in Documentation/admin-guide/kdump/vmcoreinfo.rst. Keys that are not known are kept; of several lines
/// with one key the first counts. A value that cannot be what the key needs is as if it were missing.
package struct VMCoreInfo: Equatable, Sendable {
  /// The text as it is in the note, without NULs behind it.
  package let text: [UInt8]
  private let values: [String: String]

  /// The lines in `text`; NULs at its end do not belong to it.
  package init(_ text: [UInt8]) {
    var end = text.count
    while end > 0, text[end - 1] == 0 { end -= 1 }
    self.text = Array(text[..<end])
    var values: [String: String] = [:]
    for line in self.text.split(separator: 0x0A) {
      guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let key = String(lossless: line[..<equals])
      if values[key] == nil { values[key] = String(lossless: line[(equals + 1)...]) }
    }
    self.values = values
  }

  /// How many different keys there are.
  package var keyCount: Int { values.count }

  /// The value of `key`, such as "SYMBOL(prb)", as it is written.
  package func value(of key: String) -> String? { values[key] }

  /// SYMBOL(name): the address of a symbol, or the value of some pointers. The KASLR offset is in it.
  package func symbol(_ name: String) -> UInt64? {
    hexadecimal("SYMBOL(\(name))")
  }

  /// SIZE(name): bytes of a structure; never 0.
  package func size(_ name: String) -> Int? {
    decimal("SIZE(\(name))").flatMap { $0 > 0 ? $0 : nil }
  }

  /// OFFSET(name): where a member is in its structure, such as "page.flags".
  package func offset(_ name: String) -> Int? { decimal("OFFSET(\(name))") }

  /// LENGTH(name): how many elements an array has.
  package func length(_ name: String) -> Int? { decimal("LENGTH(\(name))") }

  /// NUMBER(name): a constant or a variable. Negative numbers are in two's complement.
  package func number(_ name: String) -> UInt64? {
    guard let text = values["NUMBER(\(name))"] else { return nil }
    if text.hasPrefix("0x") { return UInt64(digits: text.dropFirst(2), radix: 16) }
    guard text.hasPrefix("-") else { return UInt64(digits: text, radix: 10) }
    guard let size = UInt64(digits: text.dropFirst(), radix: 10), size <= 1 << 63 else {
      return nil
    }
    return 0 &- size
  }

  /// OSRELEASE: the kernel's release, as `uname -r` prints it.
  package var release: String? { values["OSRELEASE"] }

  /// BUILD-ID: what identifies the kernel's build, 40 hexadecimal digits.
  package var buildID: String? { values["BUILD-ID"] }

  /// CRASHTIME: when the kernel crashed, in seconds since 1970.
  package var crashTime: UInt64? { values["CRASHTIME"].flatMap { UInt64(digits: $0, radix: 10) } }

  /// PAGESIZE.
  package var pageSize: Int? { decimal("PAGESIZE") }

  /// KERNELOFFSET: how far KASLR moved the kernel from the addresses in vmlinux.
  package var kernelOffset: UInt64? { hexadecimal("KERNELOFFSET") }

  private func hexadecimal(_ key: String) -> UInt64? {
    values[key].flatMap { UInt64(digits: $0, radix: 16) }
  }

  /// A size or a count: larger ones than a reader could ever use are taken for nonsense.
  private func decimal(_ key: String) -> Int? {
    guard let number = values[key].flatMap({ UInt64(digits: $0, radix: 10) }),
      number <= UInt64(Int32.max)
    else { return nil }
    return Int(number)
  }
}
