internal import ByteCoding

/// Where the kernel keeps its struct pages: Documentation/mm/memory-model.rst, SPARSEMEM_VMEMMAP.
///
/// Memory is divided into sections of a fixed size. A table says of each where its struct pages are.
struct MemoryMap {
  /// Pages of a section.
  let sectionPages: UInt64
  /// SIZE(page).
  let structSize: Int
  /// Where the struct page of page 0 would be, by SYMBOL(vmemmap) or else by the table's first section; all sections
  /// agree.
  private(set) var start: UInt64 = 0
  /// Sections whose struct pages are elsewhere: their pages are kept.
  private(set) var strangeSections = 0

  private let table: UInt64
  private let rootCount: Int
  private let entrySize: Int
  private let entryOffset: Int
  /// The part of the table that was read last.
  private var block: (number: Int, bytes: [UInt8])?

  private static let presentWithMap: UInt64 = 3
  private static let flags: UInt64 = 63
  private static let tablePart: Int = .kibibytes(4)
  /// More parts than the table of any kernel has: 52 bits of addresses, sections of 128 MiB, 128 in a part.
  private static let rootLimit = 1 << 18

  init(_ information: VMCoreInfo) throws(CrashImageError) {
    guard let bits = information.number("SECTION_SIZE_BITS"), (20...40).contains(bits) else {
      throw .missingKey("NUMBER(SECTION_SIZE_BITS)")
    }
    guard information.pageSize == 4096 else { throw .missingKey("PAGESIZE") }
    sectionPages = 1 << (bits - 12)
    structSize = try information.requiredSize("page")
    // 64 in all kernels of distributions; multiples of 8 are possible.
    guard structSize % 8 == 0, (40...512).contains(structSize) else {
      throw .missingKey("SIZE(page)")
    }
    table = try information.requiredSymbol("mem_section")
    entrySize = try information.requiredSize("mem_section")
    entryOffset = try information.requiredOffset("mem_section.section_mem_map")
    guard entrySize <= Self.tablePart, entryOffset <= entrySize - 8 else {
      throw .missingKey("OFFSET(mem_section.section_mem_map)")
    }
    start = information.symbol("vmemmap") ?? 0
    rootCount = min(information.length("mem_section") ?? 0, Self.rootLimit)
  }

  /// How many sections the table can have.
  var sectionLimit: UInt64 { UInt64(rootCount * (Self.tablePart / entrySize)) }

  /// Bytes of the struct pages of a section.
  var sectionByteCount: Int { Int(sectionPages) * structSize }

  /// Where the struct pages of the section `number` are; nil when it has none.
  mutating func structPages<Memory: KernelAddressSpace>(
    ofSection number: UInt64, in memory: Memory
  ) -> UInt64? {
    let perBlock = UInt64(Self.tablePart / entrySize)
    let root = Int(number / perBlock)
    guard root < rootCount else { return nil }
    if block?.number != root {
      block = (root, [])
      if let pointer = try? memory.load(UInt64.self, at: table &+ 8 * UInt64(root)), pointer != 0,
        let bytes = try? memory.bytes(at: pointer, count: Self.tablePart)
      {
        block = (root, bytes)
      }
    }
    let position = Int(number % perBlock) * entrySize + entryOffset
    guard let bytes = block?.bytes, position + 8 <= bytes.count else { return nil }
    let value = bytes.loadField(Field<UInt64>(position))
    guard value & Self.presentWithMap == Self.presentWithMap else { return nil }
    let biased = value & ~Self.flags
    if start == 0 { start = biased }
    guard biased == start else {
      strangeSections += 1
      return nil
    }
    return biased &+ number &* sectionPages &* UInt64(structSize)
  }
}
