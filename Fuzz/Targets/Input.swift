/// What libFuzzer made up.
struct Input {
  /// Its bytes.
  let bytes: [UInt8]

  /// Copies the `count` bytes at `start`.
  init(start: UnsafePointer<UInt8>?, count: Int) {
    // SAFETY: libFuzzer passes `count` bytes that live until the target returns.
    bytes = unsafe [UInt8](UnsafeBufferPointer(start: start, count: count))
  }

  /// The bytes as a text; what is not UTF-8 is replaced, as the readers of files do.
  var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// Ends the run with a find unless `isTrue`: something that must hold for every input.
func expect(_ isTrue: Bool, _ law: @autoclosure () -> String) {
  if !isTrue { fatalError("does not hold: \(law())") }
}
