/// An input of a fuzz target.
struct Input {
  /// The bytes of the input.
  let bytes: [UInt8]

  /// The bytes as text. Invalid UTF-8 is replaced, as when files are read.
  var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// Traps, which the fuzzer records as a find, unless `isTrue`: it must hold for every input.
func expect(_ isTrue: Bool, _ law: @autoclosure () -> String) {
  if !isTrue { fatalError("does not hold: \(law())") }
}
