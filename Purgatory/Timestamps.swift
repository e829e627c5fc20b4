import CPurgatoryABI
import Machine

/// Records that the checks are done, in the parameters and, if wanted, as text for the next kernel.
func recordTimestamps(_ parameters: Parameters) {
  // SAFETY: the caller has the block in our own segment.
  unsafe parameters.pointee.checked_at = machine_timestamp()
  guard
    let text = unsafe UnsafeMutablePointer<UInt8>(
      bitPattern: UInt(parameters.pointee.timestamp_text))
  else { return }
  // SAFETY: the loader has put PURGATORY_TIMESTAMP_TEXT_SIZE bytes there, in one of its segments.
  unsafe write(parameters.pointee.entered_at, to: text)
  unsafe text[16] = 0x2c
  unsafe write(parameters.pointee.checked_at, to: text + 17)
}

/// Writes `value` as 16 hexadecimal digits.
func write(_ value: UInt64, to text: UnsafeMutablePointer<UInt8>) {
  var value = value
  for index in 0..<16 {
    value = (value &<< 4) | (value &>> 60)
    let digit = UInt8(truncatingIfNeeded: value) & 15
    // SAFETY: the caller has space for sixteen digits.
    unsafe text[index] = digit < 10 ? 0x30 &+ digit : 0x61 &- 10 &+ digit
  }
}
