// Arguments, paths and command lines are bytes to Linux and need not be UTF-8, but a Swift string is always
// text. Bytes that are not UTF-8 become characters that are reserved for them. So text can be split and
// joined as usual, and the original bytes can be recovered.

extension String {
  /// The same for an array, which nearly always is ASCII. Then this avoids work that the general form needs
  /// at every start of the program.
  package init(lossless bytes: [UInt8]) {
    for byte in bytes where byte >= 0x80 {
      self.init(lossless: bytes[...])
      return
    }
    self.init(decoding: bytes, as: UTF8.self)
  }

  /// The text of `bytes`; `losslessBytes` gives exactly them back.
  ///
  /// A byte that is not UTF-8, which is at least 0x80, becomes one of the last 128 characters of
  /// Unicode (private use, U+10FF80 and up); so does each byte of such a character.
  package init(lossless bytes: some Collection<UInt8>) {
    // Arrays are compared, since comparing views of two types took a quarter of the start-up time.
    let all = Array(bytes)
    self = String(decoding: all, as: UTF8.self)
    if Array(utf8) == all, !unicodeScalars.contains(where: { $0.value >= firstStandIn }) { return }
    self = ""
    var rest = all[...]
    var parser = Unicode.UTF8.ForwardParser()
    var iterator = rest.makeIterator()
    while true {
      let count: Int
      switch parser.parseScalar(from: &iterator) {
      case .emptyInput: return
      case .error(let length): count = length
      case .valid(let encoded):
        let scalar = Unicode.UTF8.decode(encoded)
        count = scalar.value < firstStandIn ? 0 : encoded.count
        if count == 0 {
          unicodeScalars.append(scalar)
          rest = rest.dropFirst(encoded.count)
        }
      }
      for byte in rest.prefix(count) {
        // 0x80...0xFF: always a character.
        if let scalar = Unicode.Scalar(firstStandIn - 0x80 + UInt32(byte)) {
          unicodeScalars.append(scalar)
        }
      }
      rest = rest.dropFirst(count)
    }
  }
}

extension String {
  /// The text of `bytes` with a question mark for each byte that is not printable ASCII, which could control
  /// a terminal.
  package init(printable bytes: some Sequence<UInt8>) {
    let shown = bytes.map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }
    self.init(decoding: shown, as: UTF8.self)
  }
}

extension StringProtocol {
  /// The bytes that the text stands for.
  package var losslessBytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(utf8.count)
    for scalar in unicodeScalars {
      if scalar.value >= firstStandIn {
        bytes.append(UInt8(truncatingIfNeeded: scalar.value))
      } else {
        bytes.append(contentsOf: UTF8.encode(scalar) ?? .encodedReplacementCharacter)
      }
    }
    return bytes
  }

  /// How many bytes those are.
  package var losslessByteCount: Int {
    utf8.count - 3 * unicodeScalars.count { $0.value >= firstStandIn }
  }
}

/// The character for the byte 0x80. The lowest eight bits of this character and of the following ones are the
/// byte.
private let firstStandIn: UInt32 = 0x10FF80

extension StringProtocol {
  /// Whether it contains `text`, which must not be empty, byte for byte.
  ///
  /// The standard library's search would add its engine for regular expressions to the program: 1.3 MB.
  package func holds(_ text: String) -> Bool {
    let (bytes, pattern) = (Array(utf8), Array(text.utf8))
    guard bytes.count >= pattern.count else { return false }
    return (0...(bytes.count - pattern.count)).contains { start in
      bytes[start] == pattern[0] && bytes[start..<(start + pattern.count)].elementsEqual(pattern)
    }
  }
}

extension Substring {
  /// The parts between `separator`s, an ASCII character, without the empty ones.
  ///
  /// The standard library's `split` would be copied to every place where it is used.
  @inline(never) package func parts(_ separator: UInt8) -> [Substring] {
    var parts: [Substring] = []
    let bytes = utf8
    var start = bytes.startIndex
    var index = start
    while index != bytes.endIndex {
      if bytes[index] == separator {
        if start != index { parts.append(self[start..<index]) }
        start = bytes.index(after: index)
      }
      index = bytes.index(after: index)
    }
    if start != index { parts.append(self[start..<index]) }
    return parts
  }
}

extension String {
  /// The lines, without the empty ones.
  package var lines: [Substring] { self[...].parts(0x0A) }

  /// The lines that start with `start`, without that.
  @inline(never) package func lines(after start: String) -> [Substring] {
    // By bytes: a space and an accent behind it are one character.
    lines.compactMap { line in
      let bytes = line.utf8
      return bytes.starts(with: start.utf8) ? Substring(bytes.dropFirst(start.utf8.count)) : nil
    }
  }
}
