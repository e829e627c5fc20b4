package import ByteCoding
internal import ELFFormat
internal import PhysicalMemory

// What is needed to write a dump of a memory into another file.

extension CrashImage {
  /// Sets `marks` to 1 for each page from `first` on that is RAM, and to 0 for the others.
  ///
  /// - Returns: whether there is any.
  package func markMemory(
    from first: UInt64, in marks: inout [UInt8]
  ) throws(CrashImageError) -> Bool {
    try memory.markMemory(from: first, in: &marks)
  }

  /// The first page of RAM at or behind `frame`, also one that is not in the file; nil when there is none.
  package func firstMemory(from frame: UInt64) throws(CrashImageError) -> UInt64? {
    try memory.memory(from: frame)
  }

  /// Whole pages from the page `first` on that lie side by side: at least one, at most `count` and 4 MiB. What the dump
  /// does not have of a page is zero.
  ///
  /// - Throws: if the first page cannot be read, or the dump has nothing of it.
  package func pages(from first: UInt64, count: Int) throws(CrashImageError) -> SharedBytes {
    try memory.pages(from: first, count: count)
  }

  /// What is added to an offset in the kernel's image to get its physical address; a negative number wraps around.
  package var physicalBase: UInt64 { information.number("phys_base") ?? 0 }

  /// The six texts of `struct utsname`, 65 bytes each. If they are not in memory, or those of another release, some come
  /// from VMCOREINFO.
  package var systemNames: [UInt8] {
    let size = CompressedLayout.nameSize
    if let symbol = information.symbol("init_uts_ns") {
      let place = symbol &+ UInt64(information.offset("uts_namespace.name") ?? 0)
      if let names = try? bytes(at: place, count: 6 * size), isOwn(names) { return names }
    }
    var names = [UInt8](repeating: 0, count: 6 * size)
    let known = ["Linux", "", information.release ?? "", "", Self.name(ofMachine: machine), ""]
    for (index, name) in known.enumerated() {
      names.store(Array(name.utf8).prefix(size - 1), at: index * size)
    }
    return names
  }

  /// Whether the release and the machine are those of this dump.
  private func isOwn(_ names: [UInt8]) -> Bool {
    let size = CompressedLayout.nameSize
    let known = [(2, information.release ?? ""), (4, Self.name(ofMachine: machine))]
    return known.allSatisfy { number, name in
      names[(number * size)...].starts(with: Array(name.utf8) + [0])
    }
  }

  /// The name that `uname -m` prints.
  private static func name(ofMachine machine: UInt16) -> String {
    switch machine {
    case ELFLayout.Machine.x86_64: "x86_64"
    case ELFLayout.Machine.arm64: "aarch64"
    case ELFLayout.Machine.riscv: "riscv64"
    default: ""
    }
  }

  /// The memory of the kernel's image, in whole pages, and its first virtual address; nil when that is not known.
  package var kernelImage: CoreHeader.Mapping? {
    guard let paging else { return nil }
    let symbols = try? KernelSymbols(["_text", "_end"], in: self)
    let start = symbols?.addresses["_text"] ?? information.symbol("_stext")
    guard let first = start.map({ $0 & ~4095 }), first >= KernelPaging.imageStart,
      first - KernelPaging.imageStart < paging.imageSize
    else { return nil }
    // Without symbols: what no kernel's code is smaller than.
    let last = symbols?.addresses["_end"] ?? (first &+ .mebibytes(2))
    let limit = KernelPaging.imageStart + paging.imageSize
    guard last > first else { return nil }
    let size = (min(last, limit) - first).roundedUp(to: 4096)
    let physical = first - KernelPaging.imageStart &+ paging.base
    return PhysicalRange(start: PhysicalAddress(physical), byteCount: size).map {
      CoreHeader.Mapping(virtualStart: first, memory: $0)
    }
  }

  /// Where the kernel has all physical memory side by side; nil when the file's headers do not tell. They say what the
  /// loader has written.
  package var directMapStart: UInt64? {
    guard case .elf(let dump) = memory.contents, let start = dump.directMapStart,
      let frame = try? memory.memory(from: 256),
      let walked = try? paging?.walk(start &+ frame << 12, in: memory),
      walked.physical == frame << 12
    else { return nil }
    return start
  }
}
