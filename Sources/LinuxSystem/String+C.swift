internal import ByteCoding
internal import CLibrary

extension String {
  /// The text of a C string, with all its bytes.
  init(lossless pointer: UnsafePointer<CChar>) {
    // SAFETY: the caller has a terminated text that outlives this call.
    let bytes = unsafe UnsafeBufferPointer(start: pointer, count: strlen(pointer))
    self.init(lossless: unsafe bytes.map { UInt8(bitPattern: $0) })
  }

  /// The bytes that the text stands for with a NUL behind them, for C.
  package var cBytes: [CChar] { losslessBytes.map { CChar(bitPattern: $0) } + [0] }
}
