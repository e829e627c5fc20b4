package import ByteCoding

/// What a BIOS starts from a disk: a sector of 512 bytes with 55 AA at its end.
package enum BootSector {
  /// Whether `bytes` start with one.
  package static func isRecognised(in bytes: SharedBytes) -> Bool {
    isRecognised(in: bytes.span)
  }

  static func isRecognised(in bytes: RawSpan) -> Bool {
    (try? bytes.load(UInt16.self, at: 510)) == 0xAA55
  }
}
