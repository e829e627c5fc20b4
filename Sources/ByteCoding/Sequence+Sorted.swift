extension Sequence {
  /// The elements in ascending order of their numbers; those with the same number keep their order.
  ///
  /// The standard library's sort takes 3 kB of code for each type of element; here there is one type.
  package func sorted(by number: (Element) -> UInt64) -> [Element] {
    let elements = Array(self)
    return order(of: elements.map(number)).map { elements[$0] }
  }
}

/// The indices of `numbers` in ascending order of the numbers.
@inline(never)
private func order(of numbers: [UInt64]) -> [Int] {
  numbers.indices.sorted { numbers[$0] < numbers[$1] }
}
