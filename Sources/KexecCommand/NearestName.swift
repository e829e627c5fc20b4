/// The one of `names` that is most similar to `name`: what was probably meant. Nil if none is: the
/// limit is one typing error per four letters, and one in any case.
func nearestName(to name: String, among names: [String]) -> String? {
  let letters = Array(name.utf8)
  var limit = max(1, letters.count / 4)
  // If every letter must change, the names are not similar.
  guard letters.count > limit else { return nil }
  var nearest: String?
  for candidate in names {
    guard let count = slips(from: letters, to: Array(candidate.utf8), limit: limit) else {
      continue
    }
    nearest = candidate
    if count == 0 { break }
    limit = count - 1
  }
  return nearest
}

/// How many bytes must be inserted, removed, changed, or swapped with their neighbours to turn
/// `left` into `right`; nil for more than `limit`. Upper and lower case are the same.
private func slips(from left: [UInt8], to right: [UInt8], limit: Int) -> Int? {
  guard abs(left.count - right.count) <= limit else { return nil }
  func folded(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
  let (left, right) = (left.map(folded), right.map(folded))
  // Rows of the table of distances between all prefixes: the one before the last, the last, and the
  // current one.
  var (earlier, above) = ([Int](), Array(0...right.count))
  for (row, byte) in left.enumerated() {
    var line = [row + 1]
    for (column, other) in right.enumerated() {
      var least = min(above[column + 1], line[column]) + 1
      least = min(least, above[column] + (byte == other ? 0 : 1))
      if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other {
        least = min(least, earlier[column - 1] + 1)
      }
      line.append(least)
    }
    guard let least = line.min(), least <= limit else { return nil }
    (earlier, above) = (above, line)
  }
  return above[right.count] <= limit ? above[right.count] : nil
}
