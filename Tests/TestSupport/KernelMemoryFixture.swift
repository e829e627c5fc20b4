internal import ByteCoding
package import CrashDumps

/// The memory of a kernel that never was: some tables at addresses of their own.
package struct KernelMemoryFixture: KernelMemory {
  /// VMCOREINFO.
  package var information: VMCoreInfo
  /// What is mapped, and where.
  package var tables: [(address: UInt64, bytes: [UInt8])] = []

  /// A memory with nothing in it.
  package init(_ information: String) {
    self.information = VMCoreInfo(Array(information.utf8))
  }

  /// The bytes of the table that has all of them.
  package func bytes(at virtual: UInt64, count: Int) throws(CrashImageError) -> [UInt8] {
    guard
      let table = tables.first(where: {
        virtual >= $0.address && virtual - $0.address <= UInt64($0.bytes.count)
      })
    else { throw .notMapped(virtual: virtual) }
    let start = Int(virtual - table.address)
    guard count >= 0, count <= table.bytes.count - start else { throw .notMapped(virtual: virtual) }
    return Array(table.bytes[start..<(start + count)])
  }

  /// Sets the little-endian integer at `address`, which must be in a table.
  package mutating func set<Value: FixedWidthInteger>(_ value: Value, at address: UInt64) {
    guard
      let index = tables.firstIndex(where: {
        address >= $0.address
          && address - $0.address + UInt64(MemoryLayout<Value>.size) <= UInt64($0.bytes.count)
      })
    else { return }
    for byte in 0..<MemoryLayout<Value>.size {
      tables[index].bytes[Int(address - tables[index].address) + byte] =
        UInt8(truncatingIfNeeded: value >> (8 * Value(byte)))
    }
  }
}
