import ByteCoding

/// Makes dumps of a small kernel: 8 MiB of memory in two sections of 4 MiB, with page tables, VMCOREINFO, a memory map,
/// one node with one zone, kallsyms, and the per-CPU lists of one processor.
///
/// Offsets are written here a second time, so that a wrong one in the product is found.
package struct CrashImageBuilder: Sendable {
  /// __START_KERNEL_map.
  package static let imageStart: UInt64 = 0xFFFF_FFFF_8000_0000
  /// Where the image is in memory.
  package static let imagePlace: UInt64 = 0x20_0000
  /// Where struct pages are for the kernel.
  package static let mapStart: UInt64 = 0xFFFF_EA00_0000_0000
  /// Where the table of sections is in the image, and its only block.
  package static let sections: (table: Int, block: Int) = (0x6000, 0x7000)
  /// Where the processor's lists are in the image: the number of pages, then 14 heads.
  package static let lists = 0x3_8000
  /// Pages of memory.
  package static let frameCount = 2048
  /// Bytes of a struct page.
  package static let structSize = 64
  /// The image's pages: from imagePlace to the end of its last table.
  package static let imageFrames: Range<UInt64> = 0x200..<0x250

  /// A struct page.
  package struct Page: Sendable {
    package var flags: UInt64 = 0
    package var next: UInt64?
    package var previous: UInt64?
    package var mapping: UInt64 = 0
    package var privateWord: UInt64 = 0
    package var mapCount: UInt32 = .max
    /// Bit 0: a tail.
    package var compound: UInt64 = 0

    package init(_ change: (inout Page) -> Void = { _ in }) { change(&self) }
  }

  /// The memory from the physical address 0 on.
  package var memory = [UInt8](repeating: 0, count: 4096 * frameCount)
  /// The lines of VMCOREINFO.
  package var keys: [(key: String, value: String)]
  /// What PT_LOADs describe: bytes of `memory`.
  package var ranges: [Range<UInt64>] = [0..<UInt64(4096 * frameCount)]
  /// Whether there is a note with VMCOREINFO.
  package var hasNote = true
  /// How many processors have notes.
  package var processorCount = 2
  /// Whether the headers have 64 bits.
  package var is64Bit = true
  /// e_machine.
  package var machine: UInt16 = 62
  /// e_flags.
  package var flags: UInt32 = 0

  /// A kernel whose keys are those of 6.12, or those of 6.1.
  package init(isNew: Bool = true, _ change: (inout CrashImageBuilder) -> Void = { _ in }) {
    keys = Self.keys(isNew: isNew)
    makePageTables()
    makeMemoryMap()
    makeSymbols()
    change(&self)
  }

  /// The address of the image's byte `offset`.
  package static func virtual(_ offset: Int) -> UInt64 { imageStart + UInt64(offset) }

  /// Writes a number into the image.
  package mutating func store<Value: FixedWidthInteger & BitwiseCopyable>(
    _ value: Value, image offset: Int
  ) {
    memory.store(value, as: Field<Value>(Int(Self.imagePlace) + offset))
  }

  /// Sets the value of a key; nil removes it.
  package mutating func set(_ key: String, _ value: String?) {
    keys.removeAll { $0.key == key }
    if let value { keys.append((key, value)) }
  }

  /// Where the struct page of `frame` is in the image.
  package static func place(of frame: Int) -> Int { 0x1_0000 + structSize * frame }

  /// Where page.lru of `frame` is for the kernel.
  package static func list(of frame: Int) -> UInt64 {
    mapStart + UInt64(structSize * frame) + 8
  }

  /// Writes a struct page.
  package mutating func set(_ frame: Int, _ change: (inout Page) -> Void) {
    let page = Page(change)
    let place = Self.place(of: frame)
    store(page.flags, image: place)
    store(page.next ?? Self.list(of: frame), image: place + 8)
    store(page.previous ?? Self.list(of: frame), image: place + 16)
    store(page.mapping, image: place + 24)
    store(page.privateWord, image: place + 40)
    store(page.mapCount, image: place + 48)
    store(UInt32(0), image: place + 52)
    if page.compound != 0 { store(page.compound, image: place + 8) }
  }

  /// Makes a block of free pages, without the counter.
  package mutating func setFree(_ frame: Int, order: UInt64) {
    let type = Int64(value(of: "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)")) ?? 0
    set(frame) { ($0.mapCount, $0.privateWord) = (UInt32(truncatingIfNeeded: type), order) }
  }

  /// The kernel's own number of free pages.
  package mutating func setFreeCounter(_ count: UInt64) { store(count, image: 0x9100) }

  /// Puts pages on the list `index` of the processor, which counts `count` pages.
  package mutating func setList(_ index: Int, _ frames: [Int], count: UInt32) {
    store(count, image: Self.lists)
    let head = Self.virtual(Self.lists + 16 + 16 * index)
    let places = [head] + frames.map(Self.list) + [head]
    store(places[1], image: Self.lists + 16 + 16 * index)
    store(places[frames.count], image: Self.lists + 24 + 16 * index)
    for (number, frame) in frames.enumerated() {
      set(frame) { ($0.next, $0.previous) = (places[number + 2], places[number]) }
    }
  }

  /// The value of a key; empty without it.
  package func value(of key: String) -> String { keys.first { $0.key == key }?.value ?? "" }

  /// The text of VMCOREINFO.
  package var information: [UInt8] {
    Array(keys.map { "\($0.key)=\($0.value)\n" }.joined().utf8)
  }

  /// Writes VMCOREINFO into a page of memory, where a kernel has it.
  package mutating func storeInformation(at physical: Int) {
    memory.store(information, at: physical)
  }

  /// The bytes of all notes.
  package var notes: [UInt8] {
    var notes: [UInt8] = []
    func add(_ name: String, _ type: UInt32, _ bytes: [UInt8]) {
      notes.append(littleEndian: UInt32(name.utf8.count + 1))
      notes.append(littleEndian: UInt32(bytes.count))
      notes.append(littleEndian: type)
      notes += Array(name.utf8) + [0]
      while notes.count % 4 != 0 { notes.append(0) }
      notes += bytes
      while notes.count % 4 != 0 { notes.append(0) }
    }
    for _ in 0..<processorCount { add("CORE", 1, [UInt8](repeating: 7, count: 336)) }
    if hasNote { add("VMCOREINFO", 0, information) }
    return notes
  }

  /// The file: headers, notes, and the memory of each range, which start at pages of the file.
  package var bytes: [UInt8] {
    let (headerSize, programSize, word) = is64Bit ? (64, 56, 8) : (52, 32, 4)
    let notes = notes
    let table = headerSize + programSize * (ranges.count + 1)
    var file = [UInt8](repeating: 0, count: table.roundedUp(to: 4096))
    file.store([0x7F, 0x45, 0x4C, 0x46, is64Bit ? 2 : 1, 1, 1], at: 0)
    file.store(UInt16(4), as: Field<UInt16>(16))
    file.store(machine, as: Field<UInt16>(18))
    file.store(UInt32(headerSize), as: Field<UInt32>(is64Bit ? 32 : 28))
    file.store(flags, as: Field<UInt32>(is64Bit ? 48 : 36))
    file.store(UInt16(programSize), as: Field<UInt16>(is64Bit ? 54 : 42))
    file.store(UInt16(ranges.count + 1), as: Field<UInt16>(is64Bit ? 56 : 44))
    func header(_ index: Int, _ type: UInt32, _ values: [UInt64]) {
      let base = headerSize + programSize * index
      file.store(type, as: Field<UInt32>(base))
      // p_offset, p_vaddr, p_paddr, p_filesz, p_memsz.
      for (number, value) in values.enumerated() {
        let place = base + (is64Bit ? 8 : 4) + word * number
        if is64Bit {
          file.store(value, as: Field<UInt64>(place))
        } else {
          file.store(UInt32(truncatingIfNeeded: value), as: Field<UInt32>(place))
        }
      }
    }
    header(0, 4, [UInt64(file.count), 0, 0, UInt64(notes.count), UInt64(notes.count)])
    file += notes
    for (index, range) in ranges.enumerated() {
      // A range that starts inside a page starts inside one in the file.
      file += [UInt8](repeating: 0, count: file.count.roundedUp(to: 4096) - file.count)
      file += [UInt8](repeating: 0, count: Int(range.lowerBound % 4096))
      let size = UInt64(range.count)
      let start = UInt64(file.count)
      header(index + 1, 1, [start, 0, range.lowerBound, size, size])
      file += memory[Int(range.lowerBound)..<Int(range.upperBound)]
    }
    return file
  }
}

extension CrashImageBuilder {
  private static func keys(isNew: Bool) -> [(key: String, value: String)] {
    func hex(_ offset: Int) -> String { String(virtual(offset), radix: 16) }
    let both: [(String, String)] = [
      ("OSRELEASE", isNew ? "6.12.0-test" : "6.1.0-test"),
      ("BUILD-ID", String(repeating: "ab", count: 20)), ("PAGESIZE", "4096"),
      ("SYMBOL(init_uts_ns)", hex(0x5000)), ("OFFSET(uts_namespace.name)", "0"),
      ("SYMBOL(node_data)", hex(0x8000)), ("LENGTH(node_data)", "1"),
      ("SYMBOL(init_top_pgt)", hex(0)), ("SYMBOL(_stext)", hex(0)),
      ("SYMBOL(mem_section)", hex(sections.table)), ("LENGTH(mem_section)", "1"),
      ("SIZE(mem_section)", "16"), ("OFFSET(mem_section.section_mem_map)", "0"),
      ("NUMBER(SECTION_SIZE_BITS)", "22"), ("NUMBER(MAX_PHYSMEM_BITS)", "46"),
      ("SIZE(page)", "64"), ("SIZE(zone)", "1024"), ("SIZE(pglist_data)", "4096"),
      ("OFFSET(page.flags)", "0"), ("OFFSET(page._refcount)", "52"),
      ("OFFSET(page.mapping)", "24"), ("OFFSET(page.lru)", "8"),
      ("OFFSET(page._mapcount)", "48"), ("OFFSET(page.private)", "40"),
      ("OFFSET(page.compound_head)", "8"), ("OFFSET(pglist_data.node_zones)", "0"),
      ("OFFSET(pglist_data.nr_zones)", "2048"), ("OFFSET(zone.vm_stat)", "256"),
      ("LENGTH(zone.free_area)", "11"), ("NUMBER(NR_FREE_PAGES)", "0"),
      ("NUMBER(phys_base)", "\(imagePlace)"), ("NUMBER(pgtable_l5_enabled)", "0"),
      ("NUMBER(KERNEL_IMAGE_SIZE)", "1073741824"), ("NUMBER(sme_mask)", "0"),
      ("KERNELOFFSET", "1e00000"), ("CRASHTIME", "1795814282"),
      ("NUMBER(PG_lru)", isNew ? "5" : "4"), ("NUMBER(PG_private)", isNew ? "14" : "13"),
      ("NUMBER(PG_swapcache)", "10"), ("NUMBER(PG_swapbacked)", isNew ? "17" : "19"),
      ("NUMBER(PG_hwpoison)", "21"), ("NUMBER(PG_head_mask)", isNew ? "64" : "65536"),
      ("SYMBOL(kallsyms_names)", hex(0x4_1000)), ("SYMBOL(kallsyms_num_syms)", hex(0x4_0000)),
      ("SYMBOL(kallsyms_token_table)", hex(0x4_2000)),
      ("SYMBOL(kallsyms_token_index)", hex(0x4_3000)),
      ("SYMBOL(kallsyms_offsets)", hex(0x4_4000)),
      ("SYMBOL(kallsyms_relative_base)", hex(0x4_0008)),
    ]
    let new: [(String, String)] = [
      ("SYMBOL(vmemmap)", String(mapStart, radix: 16)),
      ("NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)", "4026531840"),
      ("NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)", "4043309056"),
      ("NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)", "4110417920"),
      ("NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)", "4093640704"),
      ("NUMBER(PAGE_UNACCEPTED_MAPCOUNT_VALUE)", "4143972352"),
    ]
    let old: [(String, String)] = [
      ("NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)", "-129"),
      ("NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)", "-257"), ("NUMBER(PG_slab)", "9"),
      ("OFFSET(page.compound_dtor)", "16"), ("OFFSET(page.compound_order)", "17"),
      ("NUMBER(HUGETLB_PAGE_DTOR)", "2"),
    ]
    return (both + (isNew ? new : old)).map { (key: $0.0, value: $0.1) }
  }

  /// The image as one page of 2 MiB, and the memory map by pages of 4 KiB.
  private mutating func makePageTables() {
    func entry(_ offset: Int, large: Bool = false) -> UInt64 {
      Self.imagePlace + UInt64(offset) | (large ? 0x83 : 3)
    }
    store(entry(0x4000), image: 8 * 511)
    store(entry(0xB000), image: 0x4000 + 8 * 510)
    store(entry(0, large: true), image: 0xB000)
    store(entry(0x1000), image: 8 * Int(Self.mapStart >> 39 & 511))
    store(entry(0x2000), image: 0x1000 + 8 * Int(Self.mapStart >> 30 & 511))
    store(entry(0x3000), image: 0x2000 + 8 * Int(Self.mapStart >> 21 & 511))
    for page in 0..<(Self.frameCount * Self.structSize / 4096) {
      store(entry(0x1_0000 + 4096 * page), image: 0x3000 + 8 * page)
    }
  }

  private mutating func makeMemoryMap() {
    store(Self.virtual(Self.sections.block), image: Self.sections.table)
    for section in 0..<2 { store(Self.mapStart | 15, image: Self.sections.block + 16 * section) }
    store(Self.virtual(0x9000), image: 0x8000)
    store(UInt32(1), image: 0x9800)
    for frame in 0..<Self.frameCount { set(frame) { $0.privateWord = 0 } }
    for index in 0..<14 {
      let head = Self.lists + 16 + 16 * index
      store(Self.virtual(head), image: head)
      store(Self.virtual(head), image: head + 8)
    }
  }

  /// Each token is the character with its number.
  private mutating func makeSymbols() {
    let symbols: [(String, Int)] = [
      ("T_stext", 0), ("T_etext", 0x1000), ("tother", 0x1800), ("D_sdata", 0x6000),
      ("D_edata", 0x8000), ("D__start_rodata", 0x2000), ("R__end_rodata", 0x3000),
    ]
    store(UInt32(symbols.count), image: 0x4_0000)
    store(Self.imageStart, image: 0x4_0008)
    var names: [UInt8] = []
    for (index, symbol) in symbols.enumerated() {
      names += [UInt8(symbol.0.utf8.count)] + Array(symbol.0.utf8)
      store(UInt32(symbol.1), image: 0x4_4000 + 4 * index)
    }
    memory.store(names, at: Int(Self.imagePlace) + 0x4_1000)
    for code in 0..<256 {
      store(UInt8(truncatingIfNeeded: code), image: 0x4_2000 + 2 * code)
      store(UInt16(2 * code), image: 0x4_3000 + 2 * code)
    }
  }
}
