extension [UInt8] {
  /// A bit for each element, of which there is a multiple of 64: 1 where it is not 0.
  var bits: [UInt64] {
    var words = [UInt64](repeating: 0, count: count / 64)
    for index in indices where self[index] != 0 { words[index >> 6] |= 1 << UInt64(index & 63) }
    return words
  }
}
