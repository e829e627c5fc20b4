internal import ByteCoding

/// Where the tables of the log's ring buffer are, since Linux 5.10. Corresponds to `struct printk_ringbuffer`.
package struct PrintkTables {
  /// The address of the ring of descriptors, `struct prb_desc_ring`.
  package let ring: UInt64
  /// The addresses of the descriptors, of what belongs to each, and of the text.
  package let descriptors: UInt64, infos: UInt64, text: UInt64
  /// There are two to the power of this many descriptors.
  package let countBits: UInt32
  /// There are two to the power of this many bytes of text.
  package let textBits: UInt32

  /// Reads the heads of the tables.
  ///
  /// - Throws: if VMCOREINFO lacks a key for them, or the memory is not there. The numbers may be any.
  package init<Memory: KernelAddressSpace>(_ memory: Memory) throws(CrashImageError) {
    let facts = memory.information
    let address: UInt64 = try memory.load(at: try facts.requiredSymbol("prb"))
    let ring = address &+ UInt64(try facts.requiredOffset("printk_ringbuffer.desc_ring"))
    let bytes = address &+ UInt64(try facts.requiredOffset("printk_ringbuffer.text_data_ring"))
    /// The member `name` of the structure at `base`.
    func member<Value: FixedWidthInteger & BitwiseCopyable>(
      _ base: UInt64, _ name: String
    ) throws(CrashImageError) -> Value {
      try memory.load(at: base &+ UInt64(try facts.requiredOffset(name)))
    }
    self.ring = ring
    countBits = try member(ring, "prb_desc_ring.count_bits")
    textBits = try member(bytes, "prb_data_ring.size_bits")
    descriptors = try member(ring, "prb_desc_ring.descs")
    infos = try member(ring, "prb_desc_ring.infos")
    text = try member(bytes, "prb_data_ring.data")
  }
}
