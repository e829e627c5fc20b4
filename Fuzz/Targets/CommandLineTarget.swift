import ByteCoding
import RunningSystem

/// The first line has names, with blanks between; the rest is a kernel command line.
func fuzzCommandLine(_ input: Input) -> Int32 {
  let parts = input.bytes.split(
    separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
  let names = parts[0].split(separator: UInt8(ascii: " ")).map { String(lossless: $0) }
  let given = KernelCommandLine(
    parts.count > 1 ? String(lossless: parts[1]) : "")
  if parts.count > 1 {
    expect(given.text.losslessBytes == Array(parts[1]), "all bytes come back")
    expect(given.text.losslessByteCount == parts[1].count, "as many as there were")
  }

  let words = given.words.map { Array($0.utf8) }
  expect(
    words == bytewise(Array(given.text.utf8)), "the words are what the kernel sees in the bytes")
  let untouched = given.removing([])
  expect(untouched.text.utf8.elementsEqual(trimmed(given.text)), "removing nothing keeps the text")

  // Outer blanks are trimmed also inside a quote that nobody closed.
  let line = untouched
  let removed = Set(names.filter { !$0.utf8.contains(UInt8(ascii: "=")) && $0 != "--" })
  let left = line.removing(removed)
  let canonical = Set(removed.map { canonicalName($0.utf8) })
  let kept = line.kernelWords.filter { !canonical.contains(name(of: $0)) }
  expect(left.kernelWords.map { Array($0.utf8) } == kept.map { Array($0.utf8) }, "the others stay")
  for name in removed {
    expect(left.value(of: name) == nil, "a removed name is gone")
    checkValue(of: name, in: line)
  }
  return 0
}

/// The name by which the kernel knows a word: without the quote that the word may start with.
private func name(of word: Substring) -> [UInt8] {
  let name = word.utf8.prefix { $0 != UInt8(ascii: "=") }
  let quote = UInt8(ascii: "\"")
  return canonicalName(
    name.first == quote ? name.dropFirst().prefix { $0 != quote } : name)
}

/// Dashes are underscores.
private func canonicalName(_ name: some Sequence<UInt8>) -> [UInt8] {
  name.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }
}

private func checkValue(of name: String, in line: KernelCommandLine) {
  let wanted = canonicalName(name.utf8)
  let word = line.kernelWords.last { kexec_fuzz.name(of: $0) == wanted }
  let expected = word.map { word in
    var value = Array(word.utf8.drop { $0 != UInt8(ascii: "=") }.dropFirst())
    if word.utf8.first == UInt8(ascii: "\""), value.last == UInt8(ascii: "\"") {
      value.removeLast()
    }
    return value
  }
  let found = line.value(of: name).map { Array($0.utf8) }
  expect(found == expected, "the value is what follows the first =")
}

private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A }

/// The words by the plainest rule: blanks outside of quotes separate bytes.
private func bytewise(_ line: [UInt8]) -> [[UInt8]] {
  var words: [[UInt8]] = []
  var word: [UInt8] = []
  var isQuoted = false
  for byte in line {
    if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
    if isBlank(byte), !isQuoted {
      if !word.isEmpty { words.append(word) }
      word = []
    } else {
      word.append(byte)
    }
  }
  return word.isEmpty ? words : words + [word]
}

private func trimmed(_ text: String) -> ArraySlice<UInt8> {
  var part = Array(text.utf8).drop(while: isBlank)
  while let last = part.last, isBlank(last) { part.removeLast() }
  return part
}
