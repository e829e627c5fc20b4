/// A byte address in the machine's physical memory.
package struct PhysicalAddress: Hashable, Comparable, Sendable {
  /// The address as a number.
  package let value: UInt64

  /// The address `value`.
  package init(_ value: UInt64) {
    self.value = value
  }

  /// Orders by number.
  package static func < (left: Self, right: Self) -> Bool {
    left.value < right.value
  }
}
