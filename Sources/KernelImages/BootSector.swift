package import ByteCoding

/// The sector that a BIOS starts from a disk: 512 bytes that end with 55 AA.
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
