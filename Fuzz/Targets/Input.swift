/// An input of a fuzz target.
struct Input {
  /// Its bytes.
  let bytes: [UInt8]

  /// The bytes as a text; what is not UTF-8 is replaced, as the readers of files do.
  var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// Ends the run with a find unless `isTrue`: something that must hold for every input.
func expect(_ isTrue: Bool, _ law: @autoclosure () -> String) {
  if !isTrue { fatalError("does not hold: \(law())") }
}
