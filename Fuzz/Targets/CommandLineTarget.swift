import ByteCoding
import RunningSystem

/// The first line has names, with blanks between; the rest is a kernel command line.
func fuzzCommandLine(_ input: Input) -> Int32 {
  let parts = input.bytes.split(
    separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
  let names = parts[0].split(separator: UInt8(ascii: " ")).map {
    String(decoding: $0, as: UTF8.self)
  }
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
  let kept = line.kernelWords.filter { !removed.contains(name(of: $0)) }
  expect(left.kernelWords.map { Array($0.utf8) } == kept.map { Array($0.utf8) }, "the others stay")
  for name in removed {
    expect(left.value(of: name) == nil, "a removed name is gone")
    checkValue(of: name, in: line)
  }
  return 0
}

private func name(of word: Substring) -> String {
  String(decoding: word.utf8.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
}

private func checkValue(of name: String, in line: KernelCommandLine) {
  let name = Array(name.utf8)
  let expected = line.kernelWords.reversed().lazy.map { Array($0.utf8) }.compactMap { word in
    word == name
      ? [] : word.starts(with: name + [0x3D]) ? Array(word.dropFirst(name.count + 1)) : nil
  }.first
  let found = line.value(of: String(decoding: name, as: UTF8.self)).map { Array($0.utf8) }
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
