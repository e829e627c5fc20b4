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

  /// The address `byteCount` further up, or nil past the end of the address space.
  package func advanced(by byteCount: UInt64) -> PhysicalAddress? {
    let (sum, overflow) = value.addingReportingOverflow(byteCount)
    return overflow ? nil : PhysicalAddress(sum)
  }

  /// Bytes from `origin` up to this address, which must not be lower.
  package func distance(from origin: PhysicalAddress) -> UInt64 {
    value - origin.value
  }

  /// The highest multiple of `alignment`, a power of two, that is not above this address.
  package func alignedDown(to alignment: UInt64) -> PhysicalAddress {
    PhysicalAddress(value & ~(alignment - 1))
  }

  /// The lowest multiple of `alignment`, a power of two, that is not below this address, or nil if
  /// there is none.
  package func alignedUp(to alignment: UInt64) -> PhysicalAddress? {
    advanced(by: alignment - 1)?.alignedDown(to: alignment)
  }

  /// Whether the address is a multiple of `alignment`, a power of two.
  package func isAligned(to alignment: UInt64) -> Bool {
    value & (alignment - 1) == 0
  }
}

extension PhysicalAddress: CustomStringConvertible {
  /// The address in hexadecimal, as in `0x100000`.
  package var description: String {
    "0x" + String(value, radix: 16)
  }
}
