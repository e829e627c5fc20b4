extension Sequence {
  /// The elements by a rising number; those of one number keep their order.
  ///
  /// The standard library's sort is 3 kB of code for each type of element; this has it once.
  package func sorted(by number: (Element) -> UInt64) -> [Element] {
    let elements = Array(self)
    return order(of: elements.map(number)).map { elements[$0] }
  }
}

/// The places of `numbers` by what is there.
@inline(never)
private func order(of numbers: [UInt64]) -> [Int] {
  numbers.indices.sorted { numbers[$0] < numbers[$1] }
}
