internal import ByteCoding
package import CrashDumps

/// The memory of a kernel that never was: some tables at addresses of their own.
package struct KernelAddressSpaceFixture: KernelAddressSpace {
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
    else { preconditionFailure("no table has all bytes at \(address)") }
    for byte in 0..<MemoryLayout<Value>.size {
      tables[index].bytes[Int(address - tables[index].address) + byte] =
        UInt8(truncatingIfNeeded: value >> (8 * Value(byte)))
    }
  }

  /// Gives at most `limit` bytes of the first `count` tables any value.
  package mutating func damage(_ limit: Int, tables count: Int, using random: inout SplitMix) {
    for _ in 0..<Int.random(in: 1...limit, using: &random) {
      let table = Int.random(in: 0..<count, using: &random)
      let index = Int.random(in: 0..<tables[table].bytes.count, using: &random)
      tables[table].bytes[index] = UInt8.random(in: 0...255, using: &random)
    }
  }
}
