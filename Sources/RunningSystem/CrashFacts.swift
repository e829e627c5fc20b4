internal import ByteCoding
package import CrashDumps
package import LinuxSystem
package import PhysicalMemory

/// Facts about the running kernel by which a crash kernel finds its memory: where its notes will be, and at
/// which virtual addresses it has its memory.
package struct CrashFacts: Equatable, Sendable {
  /// Where each processor will leave its registers, by the processor's number.
  /// `/sys/devices/system/cpu/cpu*/crash_notes`, for root only.
  package var processorNotes: [PhysicalRange]
  /// Where the kernel keeps VMCOREINFO, which describes its data; nil when it does not tell.
  /// `/sys/kernel/vmcoreinfo`.
  package var vmcoreInfo: PhysicalRange?
  /// Where the kernel's own code and data are; nil when unknown. `/proc/kcore`, for root only.
  package var kernelImage: CoreHeader.Mapping?
  /// What the kernel adds to a physical address to get the virtual one; nil when unknown. `/proc/kcore`, for
  /// root only.
  package var directMap: UInt64?
  /// Bytes that the kernel needs for the elfcorehdr, so that it can update it when processors or memory are
  /// added or removed; nil when it cannot. `/sys/kernel/kexec/crash_elfcorehdr_size`.
  package var headerSize: UInt64?
  /// The contiguous memory (CMA) that `crashkernel=SIZE,cma` adds to a crash kernel's; nil when the kernel
  /// does not tell. `/sys/kernel/kexec/crash_cma_ranges`, since 6.19.
  package var contiguousMemory: PhysicalRangeSet?
  /// Whether the kernel keeps the first MiB free of its own data, as it does since 5.5 when memory
  /// is reserved for a crash kernel. `/proc/version`.
  package var leavesLowMemory: Bool

  /// Facts with these values.
  package init(
    processorNotes: [PhysicalRange], vmcoreInfo: PhysicalRange?,
    kernelImage: CoreHeader.Mapping?, directMap: UInt64?, headerSize: UInt64? = nil,
    contiguousMemory: PhysicalRangeSet? = nil, leavesLowMemory: Bool = true
  ) {
    self.processorNotes = processorNotes
    self.vmcoreInfo = vmcoreInfo
    self.kernelImage = kernelImage
    self.directMap = directMap
    self.headerSize = headerSize
    self.contiguousMemory = contiguousMemory
    self.leavesLowMemory = leavesLowMemory
  }

  /// Reads the facts of the machine in `files`, the memory of which is `ioMemory`.
  package init(in files: FileTree, ioMemory: IOMemory) {
    processorNotes = Self.processorNotes(in: files)
    vmcoreInfo = files.text("/sys/kernel/vmcoreinfo").flatMap(Self.vmcoreInfo)
    headerSize = KexecFile.crashHeaderSize.value(files.number).flatMap { $0 == 0 ? nil : $0 }
    contiguousMemory = KexecFile.crashContiguousRanges.value(files.text)
      .flatMap(Self.contiguousMemory)
    leavesLowMemory = Self.leavesLowMemory(files.releaseInVersion)
    let mappings = CoreSegments(ofKernelIn: files).map { KernelMappings($0.segments, ioMemory) }
    kernelImage = mappings?.kernelImage
    directMap = mappings?.directMap
  }

  /// Directories are listed, since numbers may be missing.
  private static func processorNotes(in files: FileTree) -> [PhysicalRange] {
    let directory = "/sys/devices/system/cpu"
    let numbers = (files.names(in: directory) ?? [])
      .compactMap { $0.hasPrefix("cpu") ? Int($0.dropFirst(3)) : nil }.sorted {
        UInt64(clamping: $0)
      }
    return numbers.compactMap { number in
      guard let start = files.bareHexadecimal("\(directory)/cpu\(number)/crash_notes"), start != 0
      else { return nil }
      let size = files.number("\(directory)/cpu\(number)/crash_notes_size") ?? 1024
      return PhysicalRange(start: PhysicalAddress(start), byteCount: size)
    }
  }

  /// Reads `0xADDRESS SIZE`; the size is hexadecimal too, without a prefix.
  private static func vmcoreInfo(_ text: String) -> PhysicalRange? {
    let words = text.split(separator: " ")
    guard words.count == 2, let start = UInt64(cNumber: words[0]),
      let size = UInt64(digits: words[1], radix: 16), size > 0
    else { return nil }
    return PhysicalRange(start: PhysicalAddress(start), byteCount: size)
  }

  /// Reads a line `START-END` for each range, hexadecimal and END included; nil when a line does not have
  /// that form.
  private static func contiguousMemory(_ text: String) -> PhysicalRangeSet? {
    var ranges: [PhysicalRange] = []
    for line in text.split(separator: "\n") {
      let ends = line.split(separator: "-", omittingEmptySubsequences: false)
        .map { UInt64(digits: $0, radix: 16) }
      guard ends.count == 2, let first = ends[0], let last = ends[1],
        let range = PhysicalRange(first: first, last: last)
      else { return nil }
      ranges.append(range)
    }
    return PhysicalRangeSet(ranges)
  }

  /// Reads the release in `Linux version 6.1.0-…`.
  private static func leavesLowMemory(_ release: Substring?) -> Bool {
    guard let release else { return true }
    let numbers = release.split { !$0.isASCIIDigit }.prefix(2).compactMap { Int($0) }
    guard numbers.count == 2 else { return true }
    return numbers[0] > 5 || (numbers[0] == 5 && numbers[1] >= 5)
  }
}

/// The virtual addresses of a kernel's own image and of all memory, by the segments of its /proc/kcore.
struct KernelMappings: Equatable {
  private(set) var kernelImage: CoreHeader.Mapping?
  private(set) var directMap: UInt64?

  /// Kernel images are mapped from here on, with space for 1 GiB. __START_KERNEL_map.
  private static let imageStart: UInt64 = 0xFFFF_FFFF_8000_0000
  private static let imageEnd: UInt64 = 0xFFFF_FFFF_C000_0000

  init(_ segments: [CoreSegments.Segment], _ ioMemory: IOMemory) {
    // Kernels before 4.13 state 0 for every physical address.
    if segments.allSatisfy({ $0.physicalStart == 0 }) {
      guessFromVirtual(segments, ioMemory)
      return
    }
    let known = segments.filter { $0.physicalStart != .max }
    for segment in known where (Self.imageStart..<Self.imageEnd).contains(segment.virtualStart) {
      if kernelImage == nil { kernelImage = Self.image(segment, at: segment.physicalStart) }
    }
    let ram = ioMemory.dumpedRAM
    for segment in known where segment.virtualStart < Self.imageStart {
      let memory = PhysicalRange(
        start: PhysicalAddress(segment.physicalStart), byteCount: segment.byteCount)
      let offset = segment.virtualStart &- segment.physicalStart
      // KASLR moves the direct map by multiples of 1 GiB.
      guard offset % .gibibytes(1) == 0, let memory,
        ram.ranges.isEmpty || !ram.intersection(PhysicalRangeSet([memory])).ranges.isEmpty
      else { continue }
      directMap = offset
      return
    }
  }

  /// The lowest segment is the start of the direct map. The physical address of the kernel's code is in
  /// /proc/iomem.
  private mutating func guessFromVirtual(
    _ segments: [CoreSegments.Segment], _ ioMemory: IOMemory
  ) {
    let mapped = segments.filter { $0.virtualStart < Self.imageStart }
    directMap = mapped.map { $0.virtualStart }.min().map { $0 - $0 % .gibibytes(1) }
    let code = ioMemory.resources.first { $0.name == "Kernel code" }
    let image = segments.first {
      (Self.imageStart..<(Self.imageStart + .mebibytes(512))).contains($0.virtualStart)
    }
    if let code, let image {
      kernelImage = Self.image(image, at: code.range.start.alignedDown(to: .mebibytes(1)).value)
    }
  }

  private static func image(
    _ segment: CoreSegments.Segment, at physical: UInt64
  ) -> CoreHeader.Mapping? {
    PhysicalRange(start: PhysicalAddress(physical), byteCount: segment.byteCount).map {
      CoreHeader.Mapping(virtualStart: segment.virtualStart, memory: $0)
    }
  }
}

extension IOMemory {
  /// The memory that a dump contains: RAM of every kind and at any depth, including that of drivers ("System
  /// RAM (kmem)"), but not what is reserved for a crash kernel.
  package var dumpedRAM: PhysicalRangeSet {
    let ram = resources.lazy.filter { $0.name.hasPrefix("System RAM") }.map { $0.range }
    let others = resources.lazy.filter { $0.name == "GART" }.map { $0.range }
    return PhysicalRangeSet(ram)
      .subtracting(PhysicalRangeSet(crashRegions))
      .subtracting(PhysicalRangeSet(others))
  }
}
