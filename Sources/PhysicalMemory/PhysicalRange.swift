/// A half-open range of physical memory: `start` belongs to it, `end` does not. It may be empty.
package struct PhysicalRange: Hashable, Sendable {
  /// The first byte.
  package let start: PhysicalAddress
  /// The byte after the last.
  package let end: PhysicalAddress

  /// The range from `start` up to, but not including, `end`.
  ///
  /// - Precondition: `end` is not below `start`.
  package init(start: PhysicalAddress, end: PhysicalAddress) {
    precondition(start <= end, "a range that ends before it starts")
    self.start = start
    self.end = end
  }

  /// The `byteCount` bytes from `start` on, or nil past the end of the address space.
  package init?(start: PhysicalAddress, byteCount: UInt64) {
    guard let end = start.advanced(by: byteCount) else { return nil }
    self.init(start: start, end: end)
  }

  /// The range from `first` to `last`, both inside, as the kernel's files write it; nil when
  /// reversed.
  ///
  /// The very last byte of the address space cannot be in a half-open range and is left out.
  package init?(first: UInt64, last: UInt64) {
    guard first <= last else { return nil }
    self.init(start: PhysicalAddress(first), end: PhysicalAddress(last == .max ? .max : last + 1))
  }

  /// Length in bytes.
  package var byteCount: UInt64 { end.distance(from: start) }

  /// Whether there is no byte in it.
  package var isEmpty: Bool { start == end }

  /// The address of the last byte; the range must not be empty.
  package var last: PhysicalAddress { PhysicalAddress(end.value - 1) }

  /// Whether `address` is inside.
  package func contains(_ address: PhysicalAddress) -> Bool {
    start <= address && address < end
  }

  /// Whether all of `other` is inside.
  package func contains(_ other: PhysicalRange) -> Bool {
    start <= other.start && other.end <= end
  }

  /// Whether the two share a byte.
  package func overlaps(_ other: PhysicalRange) -> Bool {
    start < other.end && other.start < end && !isEmpty && !other.isEmpty
  }

  /// The bytes in both, or nil when there are none.
  package func intersection(_ other: PhysicalRange) -> PhysicalRange? {
    overlaps(other)
      ? PhysicalRange(start: max(start, other.start), end: min(end, other.end)) : nil
  }

  /// What is left when both ends move inwards to multiples of `alignment`, a power of two; nil
  /// when nothing is.
  package func alignedInwards(to alignment: UInt64) -> PhysicalRange? {
    guard let low = start.alignedUp(to: alignment) else { return nil }
    let high = end.alignedDown(to: alignment)
    return low < high ? PhysicalRange(start: low, end: high) : nil
  }
}

extension PhysicalRange: CustomStringConvertible {
  /// Both ends in hexadecimal, the last byte included, as in `0x1000-0x9fbff`.
  package var description: String {
    isEmpty ? "\(start) (empty)" : "\(start)-\(last)"
  }
}

/// The size of a page on x86, and the unit in which segments are placed.
package let pageSize: UInt64 = 4096
