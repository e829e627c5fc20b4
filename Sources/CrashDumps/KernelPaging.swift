internal import ByteCoding

/// How the kernel's own addresses become physical ones on x86_64: Documentation/arch/x86/x86_64/mm.rst.
struct KernelPaging {
  /// NUMBER(phys_base): what is added to the offset in the kernel's image; a negative number wraps around.
  let base: UInt64
  /// NUMBER(KERNEL_IMAGE_SIZE).
  let imageSize: UInt64
  /// The physical address of SYMBOL(init_top_pgt).
  let root: UInt64
  /// The lowest bit of an address that the first table looks at: 48 with 5 levels, 39 with 4.
  let topShift: UInt64
  /// The bits of an entry that are an address.
  let addressMask: UInt64

  /// __START_KERNEL_map: where the kernel's image is.
  static let imageStart: UInt64 = 0xFFFF_FFFF_8000_0000
  private static let present: UInt64 = 1
  private static let large: UInt64 = 0x80
  private static let address: UInt64 = 0x000F_FFFF_FFFF_F000

  init(_ information: VMCoreInfo) throws(CrashImageError) {
    base = information.number("phys_base") ?? 0
    imageSize = min(information.number("KERNEL_IMAGE_SIZE") ?? .gibibytes(1), .gibibytes(2))
    let table = try information.requiredSymbol("init_top_pgt")
    root = table &- Self.imageStart &+ base
    topShift = information.number("pgtable_l5_enabled") == 1 ? 48 : 39
    addressMask = Self.address & ~(information.number("sme_mask") ?? 0)
  }

  /// How many levels of page tables there are.
  var levelCount: Int { topShift == 48 ? 5 : 4 }

  /// Memory at an address.
  struct Mapping: Equatable {
    let physical: UInt64
    /// How many bytes follow side by side.
    let byteCount: UInt64
  }

  /// Where the byte at `virtual` is.
  func translate(
    _ virtual: UInt64, in memory: DumpMemory
  ) throws(CrashImageError) -> Mapping {
    if virtual >= Self.imageStart, virtual - Self.imageStart < imageSize {
      let offset = virtual - Self.imageStart
      return Mapping(physical: offset &+ base, byteCount: imageSize - offset)
    }
    return try walk(virtual, in: memory)
  }

  /// The same by the page table alone.
  func walk(
    _ virtual: UInt64, in memory: DumpMemory
  ) throws(CrashImageError) -> Mapping {
    // The bits above those that are looked up repeat the highest of these.
    let sign = virtual >> (topShift + 8)
    guard sign == 0 || sign == UInt64.max >> (topShift + 8) else {
      throw .notMapped(virtual: virtual)
    }
    var table = root
    var shift = topShift
    while true {
      let page = try memory.table(table >> 12)
      guard let entry = try? page.span.load(UInt64.self, at: 8 * Int(virtual >> shift & 511)) else {
        throw .notInDump(physical: table)
      }
      guard entry & Self.present != 0 else { throw .notMapped(virtual: virtual) }
      let isLast = shift == 12 || shift <= 30 && entry & Self.large != 0
      if isLast {
        let size: UInt64 = 1 << shift
        let offset = virtual & (size - 1)
        return Mapping(
          physical: (entry & addressMask & ~(size - 1)) + offset, byteCount: size - offset)
      }
      table = entry & addressMask
      shift -= 9
    }
  }
}
