/// Writes records into a ring as kernels since 5.10 do: spec of the layout in Sources/CrashLogs/PrintkRing.swift.
package struct PrintkRingBuilder {
  /// Addresses of what the ring consists of.
  package static let ring: UInt64 = 0xffff_ffff_8200_0000
  package static let descriptors: UInt64 = 0xffff_ffff_8210_0000
  package static let infos: UInt64 = 0xffff_ffff_8220_0000
  package static let text: UInt64 = 0xffff_ffff_8230_0000

  private let countBits: UInt64
  private let sizeBits: UInt64
  /// Whether a block may end exactly where the ring of bytes does: kernels since the end of 2025.
  private let usesLastByte: Bool
  private var live: [(id: UInt64, begin: UInt64, next: UInt64)] = []
  private var nextID: UInt64
  private var nextPosition: UInt64
  private var sequence: UInt64 = 0
  /// The memory with what has been written.
  package private(set) var memory: KernelAddressSpaceFixture

  /// An empty ring; its logical numbers start as in the kernel, just before they are zero.
  package init(countBits: UInt64 = 6, sizeBits: UInt64 = 11, usesLastByte: Bool = true) {
    self.countBits = countBits
    self.sizeBits = sizeBits
    self.usesLastByte = usesLastByte
    nextID = Self.mask &- (1 << countBits) &+ 1
    nextPosition = 0 &- (1 << sizeBits)
    memory = KernelAddressSpaceFixture(Self.information)
    memory.tables = [
      (Self.ring, [UInt8](repeating: 0, count: 256)),
      (Self.descriptors, [UInt8](repeating: 0, count: 24 << Int(countBits))),
      (Self.infos, [UInt8](repeating: 0, count: 88 << Int(countBits))),
      (Self.text, [UInt8](repeating: 0, count: 1 << Int(sizeBits))),
    ]
    memory.set(Self.ring + 16, at: Self.ring)
    memory.set(UInt32(countBits), at: Self.ring + 16)
    memory.set(Self.descriptors, at: Self.ring + 24)
    memory.set(Self.infos, at: Self.ring + 32)
    memory.set(UInt32(sizeBits), at: Self.ring + 72)
    memory.set(Self.text, at: Self.ring + 80)
    setEnds()
  }

  /// Where the logical position of the next block is in the ring.
  package var nextIndex: UInt64 { nextPosition & ((1 << sizeBits) - 1) }

  /// Adds a record. The oldest ones go when there is no space.
  package mutating func append(
    _ text: [UInt8], time: UInt64 = 0, level: UInt8 = 6, facility: UInt8 = 0, caller: UInt32 = 1,
    flags: UInt8 = 2, state: UInt64 = 2
  ) {
    let (id, slot) = (nextID, nextID & ((1 << countBits) - 1))
    var block: (begin: UInt64, next: UInt64) = (3, 3)
    if !text.isEmpty {
      block = allocate((UInt64(text.count) + 8 + 7) & ~7)
      let start = isWrapped(block) ? 0 : block.begin & ((1 << sizeBits) - 1)
      memory.set(id, at: Self.text + start)
      for (index, byte) in text.enumerated() {
        memory.set(byte, at: Self.text + start + 8 + UInt64(index))
      }
    }
    while live.count >= 1 << Int(countBits) { dropOldest() }
    memory.set(state << 62 | id, at: Self.descriptors + slot * 24)
    memory.set(block.begin, at: Self.descriptors + slot * 24 + 8)
    memory.set(block.next, at: Self.descriptors + slot * 24 + 16)
    let info = Self.infos + slot * 88
    memory.set(sequence, at: info)
    memory.set(time, at: info + 8)
    memory.set(UInt16(text.count), at: info + 16)
    memory.set(facility, at: info + 18)
    memory.set(flags | level << 5, at: info + 19)
    memory.set(caller, at: info + 20)
    live.append((id, block.begin, block.next))
    nextID = (nextID + 1) & Self.mask
    sequence += 1
    setEnds()
  }

  /// Remembers that `dmesg -C` was called now.
  package mutating func clear() {
    memory.set(UInt32(7), at: Self.ring + 160)
    memory.set(UInt64(1 << 60), at: Self.ring + 168)
    memory.set(sequence, at: Self.ring + 176)
  }

  /// Where the descriptor of a record is that is still there, counted from the oldest.
  package func descriptor(_ index: Int) -> UInt64 {
    Self.descriptors + (live[index].id & ((1 << countBits) - 1)) * 24
  }

  /// How many records are still there.
  package var liveCount: Int { live.count }

  private mutating func allocate(_ size: UInt64) -> (begin: UInt64, next: UInt64) {
    let begin = nextPosition
    var next = begin &+ size
    let end = usesLastByte ? next &- 1 : next
    if begin >> sizeBits != end >> sizeBits { next = ((end >> sizeBits) << sizeBits) &+ size }
    while let oldest = live.first, next &- oldestPosition(oldest.begin) > 1 << sizeBits {
      dropOldest()
    }
    nextPosition = next
    return (begin, next)
  }

  private func oldestPosition(_ begin: UInt64) -> UInt64 {
    live.first { $0.begin & 1 == 0 }?.begin ?? nextPosition
  }

  private func isWrapped(_ block: (begin: UInt64, next: UInt64)) -> Bool {
    block.begin >> sizeBits != (usesLastByte ? block.next &- 1 : block.next) >> sizeBits
  }

  private mutating func dropOldest() {
    let oldest = live.removeFirst()
    memory.set(
      3 << 62 | oldest.id, at: Self.descriptors + (oldest.id & ((1 << countBits) - 1)) * 24)
  }

  private mutating func setEnds() {
    let newest = (nextID &- 1) & Self.mask
    memory.set(newest, at: Self.ring + 40)
    memory.set(live.first?.id ?? newest, at: Self.ring + 48)
  }

  private static let mask: UInt64 = (1 << 62) - 1

  /// The layout that this builder writes.
  package static let information = """
    OSRELEASE=6.12.0
    SYMBOL(prb)=ffffffff82000000
    SYMBOL(clear_seq)=ffffffff820000a0
    SIZE(printk_ringbuffer)=128
    OFFSET(printk_ringbuffer.desc_ring)=0
    OFFSET(printk_ringbuffer.text_data_ring)=56
    OFFSET(prb_desc_ring.count_bits)=0
    OFFSET(prb_desc_ring.descs)=8
    OFFSET(prb_desc_ring.infos)=16
    OFFSET(prb_desc_ring.head_id)=24
    OFFSET(prb_desc_ring.tail_id)=32
    OFFSET(prb_data_ring.size_bits)=0
    OFFSET(prb_data_ring.data)=8
    SIZE(prb_desc)=24
    OFFSET(prb_desc.state_var)=0
    OFFSET(prb_desc.text_blk_lpos)=8
    OFFSET(prb_data_blk_lpos.begin)=0
    OFFSET(prb_data_blk_lpos.next)=8
    SIZE(printk_info)=88
    OFFSET(printk_info.seq)=0
    OFFSET(printk_info.ts_nsec)=8
    OFFSET(printk_info.text_len)=16
    OFFSET(printk_info.caller_id)=20
    OFFSET(latched_seq.val)=8

    """
}
