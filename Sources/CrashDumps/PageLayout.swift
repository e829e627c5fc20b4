internal import ByteCoding

/// How a kernel's struct page says what the page is: places and numbers from VMCOREINFO.
///
/// They differ from release to release. What a kernel does not tell is -1 or 0 here, and then nothing is left out that
/// would need it.
struct PageLayout {
  let size: Int
  let flags: Int
  let mapping: Int
  let mapCount: Int
  let privateWord: Int
  /// page.compound_head, or page.compound_info from 7.2 on; bit 0 marks a tail of a compound page in both.
  let compound: Int
  /// page.lru; -1 when it is not told.
  let list: Int

  let lru: UInt64
  let privateFlag: UInt64
  let slabFlag: UInt64
  let poison: UInt64
  let head: UInt64
  /// Both bits of a page that is in the swap cache; 0 when one is not told.
  let swapped: UInt64

  let buddy: UInt32?
  let offline: UInt32?
  let slab: UInt32?
  let hugeType: UInt32?
  let unaccepted: UInt32?
  /// Whether types are in the top byte of _mapcount, as from 6.12 on.
  let hasTypeByte: Bool
  /// The types in the top byte that are told: bit 0 for 0xF0, and so on.
  let knownTypes: UInt32
  /// Whether slab pages can be recognised: they overlay `mapping`.
  let isSlabKnown: Bool

  /// Where the struct page behind a head has the order, one byte; nil when it is not told.
  let order: Int?
  let hugeTest: HugeTest
  /// LENGTH(zone.free_area): blocks of free pages have a lower order.
  let orderLimit: Int

  /// How a huge page of hugetlbfs is recognised.
  enum HugeTest {
    /// By the type of the head.
    case type(UInt32)
    /// By a bit of the flags of the page behind the head.
    case flag(UInt64)
    /// By a byte of the page behind the head.
    case destructor(offset: Int, value: UInt64)
    case unknown
  }

  init(_ information: VMCoreInfo, size: Int) throws(CrashImageError) {
    self.size = size
    func bit(_ name: String) -> UInt64 {
      information.number(name).flatMap { $0 < 64 ? 1 << $0 : nil } ?? 0
    }
    func type(_ name: String) -> UInt32? {
      information.number("PAGE_\(name)_MAPCOUNT_VALUE").map { UInt32(truncatingIfNeeded: $0) }
    }
    func member(_ name: String, _ bytes: Int) throws(CrashImageError) -> Int {
      let offset = try information.requiredOffset("page.\(name)")
      guard offset <= size - bytes else { throw .missingKey("OFFSET(page.\(name))") }
      return offset
    }
    flags = try member("flags", 8)
    mapping = try member("mapping", 8)
    mapCount = try member("_mapcount", 4)
    privateWord = try member("private", 8)
    compound =
      information.offset("page.compound_info") == nil
      ? try member("compound_head", 8) : try member("compound_info", 8)
    list = (try? member("lru", 16)) ?? -1
    lru = bit("PG_lru")
    privateFlag = bit("PG_private")
    slabFlag = bit("PG_slab")
    poison = bit("PG_hwpoison")
    head = information.number("PG_head_mask") ?? 0
    let (cacheBit, backedBit) = (bit("PG_swapcache"), bit("PG_swapbacked"))
    swapped = cacheBit != 0 && backedBit != 0 ? cacheBit | backedBit : 0
    buddy = type("BUDDY")
    offline = type("OFFLINE")
    slab = type("SLAB")
    hugeType = type("HUGETLB")
    unaccepted = type("UNACCEPTED")
    hasTypeByte = buddy.map { $0 >> 24 == 0xF0 } ?? false
    var known: UInt32 = 0
    for type in [buddy, offline, slab, hugeType, unaccepted] {
      if let type, type >> 28 == 0xF { known |= 1 << (type >> 24 & 15) }
    }
    knownTypes = known
    isSlabKnown = slab != nil || slabFlag != 0
    orderLimit = min(information.length("zone.free_area") ?? 0, 32)

    /// A member of what follows the head, in the page behind it.
    func behindHead(_ page: String, _ folio: String) -> Int? {
      let offset =
        information.offset("page.\(page)") ?? information.offset("folio.\(folio)").map { $0 - size }
      return offset.flatMap { (0..<size).contains($0) ? $0 : nil }
    }
    let hugeFlag = bit("PG_hugetlb")
    if let hugeType {
      (order, hugeTest) = (flags, .type(hugeType))
    } else if hugeFlag != 0 {
      (order, hugeTest) = (flags, .flag(hugeFlag))
    } else {
      order = behindHead("compound_order", "_folio_order")
      if let offset = behindHead("compound_dtor", "_folio_dtor"),
        let value = information.number("HUGETLB_PAGE_DTOR")
      {
        hugeTest = .destructor(offset: offset, value: value)
      } else {
        hugeTest = .unknown
      }
    }
  }
}
