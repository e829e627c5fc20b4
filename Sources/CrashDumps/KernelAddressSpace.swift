internal import ByteCoding

/// The memory of a crashed kernel by the kernel's own addresses.
///
/// Readers of the log and of tables are generic over this, so that tests can give them bytes.
package protocol KernelAddressSpace {
  /// What the kernel says of its own layout.
  var information: VMCoreInfo { get }

  /// The `count` bytes at the address `virtual`.
  ///
  /// - Throws: if any of them is not mapped, not in the dump, or cannot be read.
  func bytes(at virtual: UInt64, count: Int) throws(CrashImageError) -> [UInt8]
}

extension KernelAddressSpace {
  /// The integer at the address `virtual`.
  package func load<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type = Value.self, at virtual: UInt64
  ) throws(CrashImageError) -> Value {
    try bytes(at: virtual, count: MemoryLayout<Value>.size).loadField(Field<Value>(0))
  }
}

extension VMCoreInfo {
  /// The value of `symbol(name)`, which cannot be done without.
  package func requiredSymbol(_ name: String) throws(CrashImageError) -> UInt64 {
    guard let symbol = symbol(name) else { throw .missingKey("SYMBOL(\(name))") }
    return symbol
  }

  /// The value of `size(name)`, which cannot be done without.
  package func requiredSize(_ name: String) throws(CrashImageError) -> Int {
    guard let size = size(name) else { throw .missingKey("SIZE(\(name))") }
    return size
  }

  /// The value of `offset(name)`, which cannot be done without.
  package func requiredOffset(_ name: String) throws(CrashImageError) -> Int {
    guard let offset = offset(name) else { throw .missingKey("OFFSET(\(name))") }
    return offset
  }
}
