internal import ByteCoding
internal import KernelImages
internal import PhysicalMemory

/// The kernel as it goes into memory: how much memory it needs, and where it is entered.
struct KernelLayout: Sendable {
  /// Bytes at an offset from the kernel's load address.
  struct Part: Sendable {
    let offset: UInt64
    let bytes: SharedBytes
  }

  /// What is loaded, lowest offset first; the rest of the kernel's memory is zero.
  let parts: [Part]
  /// Bytes of RAM that belong to the kernel from its load address on.
  let byteCount: UInt64
  /// The alignment of the load address.
  let alignment: UInt64
  /// Where the kernel may be loaded.
  var limits: PhysicalRange
  /// From the load address to the entry.
  let entryOffset: UInt64
  /// Bytes of this process's memory that the parts take: all of an unpacked file, or of the mapped one.
  let memoryUse: UInt64
  /// A random number that chooses one of the possible addresses, 0 for the lowest; nil for the highest one.
  var randomPlace: UInt64?
  /// The kernel's configuration, if its image has it and no file does.
  var configuration: KernelConfiguration?
  /// By how many bytes the kernel was moved at random from the virtual address that it was linked for; the
  /// kernel must then randomise the rest of its address space as well. Nil when it was not moved.
  var virtualShift: UInt64?
}

extension KernelLayout {
  /// The whole protected-mode part, which unpacks itself when it is entered.
  init(packed image: BzImage, by entry: LinuxEntry) {
    parts = [Part(offset: 0, bytes: image.protectedMode)]
    byteCount = image.initSize
    // A kernel that is not relocatable has one address, aligned or not.
    alignment = image.isRelocatable ? image.alignment : pageSize
    limits = image.loadLimits(of: image.initSize, by: entry)
    entryOffset = image.entryOffset(by: entry)
    memoryUse = UInt64(image.protectedMode.count)
    // A kernel for i386 maps some of the memory behind itself before it knows where its low memory ends, and
    // panics if it lies too close to that end.
    if !image.extendedFlags.contains(.has64BitEntry) { randomPlace = 0 }
  }

  /// The unpacked kernel in `file`, entered directly.
  init(unpacked vmlinux: Vmlinux, file: SharedBytes, of image: BzImage) throws(OutOfBounds) {
    var parts: [Part] = []
    for part in vmlinux.parts {
      let bytes = try file.slice(part.fileOffset..<(part.fileOffset + part.fileSize))
      parts.append(Part(offset: part.physicalAddress - vmlinux.physicalStart, bytes: bytes))
    }
    // The kernel clears its own .bss, which is at the end and most of the last part.
    if let last = parts.popLast() {
      parts.append(Part(offset: last.offset, bytes: try last.bytes.withoutZeroTail()))
    }
    self.parts = parts
    byteCount = vmlinux.windowSize
    // The kernel need not be changed when its physical address moves by a multiple of the alignment.
    alignment = image.alignment
    limits = image.loadLimits(of: vmlinux.windowSize, by: .long)
    entryOffset = vmlinux.entry - vmlinux.physicalStart
    memoryUse = UInt64(file.count)
  }

  /// The segments that fill `space`. There is no gap in which the running kernel could put pages of its own.
  func segments(in space: PhysicalRange) -> [PlannedSegment] {
    let starts = parts.map { PhysicalAddress(space.start.value + $0.offset) }
    let ends = starts.dropFirst() + [space.end]
    return zip(parts, zip(starts, ends)).map { part, place in
      PlannedSegment(
        role: .kernel, bytes: part.bytes,
        destination: PhysicalRange(start: place.0, end: place.1))
    }
  }
}

extension SharedBytes {
  /// The bytes up to the last page that is not all zeros.
  func withoutZeroTail() throws(OutOfBounds) -> SharedBytes {
    let span = span
    let page = Int(pageSize)
    var end = count
    while end > 0, end % 8 != 0, try span.load(UInt8.self, at: end - 1) == 0 { end -= 1 }
    while end > 0, end % 8 == 0, try span.load(UInt64.self, at: end - 8) == 0 { end -= 8 }
    return try slice(0..<min(count, max(end, 1).roundedUp(to: page)))
  }
}

extension BzImage {
  /// Where `byteCount` bytes of the kernel may be loaded: it never runs below its preferred address,
  /// and one that is not relocatable runs nowhere else.
  fileprivate func loadLimits(of byteCount: UInt64, by entry: LinuxEntry) -> PhysicalRange {
    let start = PhysicalAddress(
      isRelocatable ? max(preferredAddress, .mebibytes(1)) : preferredAddress)
    let top = PhysicalAddress(kernelAddressEnd(by: entry))
    let space = byteCount.roundedUp(to: pageSize)
    let end = isRelocatable ? top : start.advanced(by: space) ?? top
    return PhysicalRange(start: start, end: max(start, min(end, top).alignedDown(to: pageSize)))
  }
}
