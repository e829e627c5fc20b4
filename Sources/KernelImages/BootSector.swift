package import ByteCoding

/// What a BIOS starts from a disk: a sector of 512 bytes with 55 AA at its end.
package enum BootSector {
  static let signature = Field<UInt16>(510)
  /// The value of `signature`: 55 AA.
  package static let signatureValue: UInt16 = 0xAA55

  /// Whether `bytes` start with one.
  package static func isRecognised(in bytes: SharedBytes) -> Bool {
    isRecognised(in: bytes.span)
  }

  static func isRecognised(in bytes: RawSpan) -> Bool {
    (try? bytes.load(signature)) == signatureValue
  }
}
