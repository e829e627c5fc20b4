import CPurgatoryABI

/// Tells the next kernel how to return to the old one, if that is possible: by a parameter behind those on
/// its command line.
func tellWayBack(_ parameters: Parameters) {
  // SAFETY: the caller has the block in our own segment, and the loader has put
  // PURGATORY_JUMP_BACK_TEXT_SIZE bytes at that place, in one of its segments.
  guard unsafe parameters.pointee.return_address != 0,
    var text = unsafe UnsafeMutablePointer<UInt8>(
      bitPattern: UInt(parameters.pointee.jump_back_text))
  else { return }
  let word: StaticString = " kexec_jump_back_entry=0x"
  for index in 0..<word.utf8CodeUnitCount {
    unsafe text[index] = word.utf8Start[index]
  }
  unsafe text += word.utf8CodeUnitCount
  unsafe write(parameters.pointee.return_address, to: text)
}
