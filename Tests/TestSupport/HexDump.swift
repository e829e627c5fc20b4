/// The bytes in `text`: hexadecimal digits with any spaces, and comments from `#` to the end of the
/// line. A line `@OFFSET`, in hexadecimal, continues at that offset; the gap is filled with zeros.
package func bytes(hex text: String) -> [UInt8] {
  var bytes: [UInt8] = []
  for line in text.split(separator: "\n") {
    let words = line.prefix { $0 != "#" }.split(separator: " ")
    for word in words {
      if word.hasPrefix("@"), let offset = Int(word.dropFirst(), radix: 16) {
        precondition(offset >= bytes.count, "@\(offset) is behind us")
        bytes += [UInt8](repeating: 0, count: offset - bytes.count)
      } else {
        let digits = Array(word)
        precondition(digits.count % 2 == 0, "half a byte in \(word)")
        for index in stride(from: 0, to: digits.count, by: 2) {
          guard let byte = UInt8(String(digits[index...(index + 1)]), radix: 16) else {
            preconditionFailure("not hexadecimal: \(word)")
          }
          bytes.append(byte)
        }
      }
    }
  }
  return bytes
}

/// The offsets at which two byte strings differ, for a failure message.
package func differences(_ left: [UInt8], _ right: [UInt8]) -> [String] {
  var found = zip(left, right).enumerated().filter { $1.0 != $1.1 }.prefix(16).map {
    "0x\(String($0, radix: 16)): \(String($1.0, radix: 16)) and \(String($1.1, radix: 16))"
  }
  if left.count != right.count { found.append("\(left.count) and \(right.count) bytes") }
  return found
}
