import ByteCoding
import RunningSystem

/// The first line contains names, separated by spaces; the rest is a kernel command line.
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
  let line = given
  let untouched = line.removing([]).text
  expect(untouched.utf8.elementsEqual(line.text.utf8), "removing nothing keeps every byte")

  let removed = Set(names.filter { !$0.utf8.contains { "=\"".utf8.contains($0) } && $0 != "--" })
  let left = line.removing(removed)
  let gone = Set(removed.map { canonical(Array($0.utf8)) })
  let kept = line.kernelWords.map { Array($0.utf8) }.filter {
    !gone.contains(canonicalName(of: $0))
  }
  expect(left.kernelWords.map { Array($0.utf8) } == kept, "the others stay")
  let goneWords = line.kernelWords.filter { gone.contains(canonicalName(of: Array($0.utf8))) }
  let goneBytes = line.text.utf8.count - left.text.utf8.count
  let wordBytes = goneWords.reduce(0) { $0 + $1.utf8.count }
  expect(
    (wordBytes...(wordBytes + goneWords.count)).contains(goneBytes),
    "each word takes one space with it at the most")
  if !line.hasOpenQuote {
    let added = line.appending("w x")
    expect(
      added.kernelWords.map(String.init) == line.kernelWords.map(String.init) + ["w", "x"],
      "what is appended is the kernel's")
    expect(
      added.words.count == line.words.count + 2
        && added.text.utf8.count <= line.text.utf8.count + 4,
      "and nothing else changes")
  }
  for name in removed {
    expect(left.value(of: name) == nil, "a removed name is gone")
    checkValue(of: name, in: line)
  }
  return 0
}

private let equalsSign = UInt8(ascii: "=")
private let quote = UInt8(ascii: "\"")

/// The name with dashes for underscores: in parameter names they are the same.
private func canonical(_ name: [UInt8]) -> [UInt8] {
  name.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }
}

/// The part before the `=`, without the quotes around a whole word.
private func canonicalName(of word: [UInt8]) -> [UInt8] {
  let name = Array(word.prefix { $0 != equalsSign })
  return canonical(name.first == quote ? Array(name.dropFirst().prefix { $0 != quote }) : name)
}

private func checkValue(of name: String, in line: KernelCommandLine) {
  let wanted = canonical(Array(name.utf8))
  let words = line.kernelWords.map { Array($0.utf8) }
  let expected = words.last { canonicalName(of: $0) == wanted }.map { word in
    let value = word.drop { $0 != equalsSign }.dropFirst()
    return Array(word.first == quote && value.last == quote ? value.dropLast() : value)
  }
  expect(
    line.value(of: name).map { Array($0.utf8) } == expected, "the value is what follows the first ="
  )
}

private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A }

/// The words by the simplest rule: a space outside of quotes separates two words.
private func bytewise(_ line: [UInt8]) -> [[UInt8]] {
  var words: [[UInt8]] = []
  var word: [UInt8] = []
  var isQuoted = false
  for byte in line {
    if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
    if isSpace(byte), !isQuoted {
      if !word.isEmpty { words.append(word) }
      word = []
    } else {
      word.append(byte)
    }
  }
  return word.isEmpty ? words : words + [word]
}
