internal import BootProtocols
internal import ByteCoding
internal import KernelImages
internal import PhysicalMemory
internal import RunningSystem

extension KernelLayout {
  /// The vmlinux in `file`, for x86_64, which runs at any aligned address because it moves its page tables
  /// itself. If it has a relocation table, it gets a random virtual address as well; if not, it stays at the
  /// address that it was linked for, provided that this is in `free`.
  static func vmlinux(
    _ kernel: ELFKernel, request: LoadRequest, machine: Machine, isRandomWanted: Bool,
    free: PhysicalRangeSet
  ) throws(PlanningError) -> (KernelLayout, [PlanNote]) {
    do throws(VmlinuxError) {
      let vmlinux = try Vmlinux(kernel.headers, in: kernel.file.span)
      let alignment = max(VmlinuxHeader.alignment, kernel.headers.alignment)
      guard alignment & (alignment - 1) == 0, vmlinux.physicalStart % alignment == 0 else {
        throw VmlinuxError.otherWindow
      }
      guard isRandomWanted, let numbers = request.randomNumbers,
        vmlinux.relocationTable != nil, vmlinux.virtualSlots(alignment: alignment) > 0
      else {
        let segment = try KernelLayout(
          vmlinux, file: kernel.file, alignment: alignment, preferring: free)
        return (segment, isRandomWanted ? [.noRandomAddress] : [])
      }
      if let lack = lackForCopy(of: kernel, vmlinux, request: request, machine: machine) {
        let segment = try KernelLayout(
          vmlinux, file: kernel.file, alignment: alignment, preferring: free)
        return (segment, [lack])
      }
      guard let copy = kernel.file.ownedCopy() else { throw VmlinuxError.truncated }
      var file = copy
      let slots = vmlinux.virtualSlots(alignment: alignment)
      let shift = numbers.virtual % slots * alignment
      try vmlinux.relocate(&file, by: shift)
      var segment = try KernelLayout(
        vmlinux, file: file.freeze(), alignment: alignment, preferring: PhysicalRangeSet())
      segment.randomPlace = numbers.physical
      segment.virtualShift = shift
      return (segment, [])
    } catch {
      throw .vmlinux(error)
    }
  }

  /// The note when there is too little memory for a copy of the file, in which the kernel is relocated,
  /// beside the copies of the running kernel; nil when there is enough, or when that is unknown.
  private static func lackForCopy(
    of kernel: ELFKernel, _ vmlinux: Vmlinux, request: LoadRequest, machine: Machine
  ) -> PlanNote? {
    let file = UInt64(kernel.file.count)
    // The amounts were read before an unpacked file was in memory.
    let own = (kernel.file.isMapped ? file : 2 * file) + .mebibytes(16)
    if let available = machine.processMemory, own > available {
      return .notMoved(needed: own, available: available)
    }
    let needed = own + vmlinux.windowSize + request.initrdByteCount
    guard let available = machine.availableMemory, needed > available else { return nil }
    return .notMoved(needed: needed, available: available)
  }

  /// The vmlinux in `kernel`, for i386: it runs only at the address that it was linked for.
  static func vmlinux32(_ kernel: ELFKernel) throws(PlanningError) -> KernelLayout {
    guard let paged = try? PagedParts(kernel.headers.parts, in: kernel.file),
      paged.end <= .gibibytes(4)
    else { throw .vmlinux(.truncated) }
    let linked = PhysicalRange(
      start: PhysicalAddress(paged.start), end: PhysicalAddress(paged.end))
    return KernelLayout(
      parts: paged.parts.map { Part(offset: $0.start - paged.start, bytes: $0.bytes) },
      byteCount: linked.byteCount, alignment: pageSize, limits: linked,
      entryOffset: kernel.headers.entry - paged.start, memoryUse: UInt64(kernel.file.count))
  }

  /// The kernel in `file` at its linked address if all of that is in `preferring`; otherwise
  /// anywhere above 1 MiB.
  private init(
    _ vmlinux: Vmlinux, file: SharedBytes, alignment: UInt64, preferring free: PhysicalRangeSet
  ) throws(VmlinuxError) {
    guard let paged = try? PagedParts(vmlinux.parts, in: file) else { throw .truncated }
    let linked = PhysicalRange(
      start: PhysicalAddress(paged.start), end: PhysicalAddress(paged.end))
    let anywhere = PhysicalRange(
      start: PhysicalAddress(max(.mebibytes(1), alignment)), end: PhysicalAddress(.max))
    self.init(
      parts: paged.parts.map { Part(offset: $0.start - paged.start, bytes: $0.bytes) },
      byteCount: linked.byteCount, alignment: alignment,
      limits: free.contains(linked) ? linked : anywhere,
      entryOffset: vmlinux.entry - paged.start, memoryUse: UInt64(file.count))
  }
}

extension SharedBytes {
  /// A copy that may be changed; nil when there is no memory for it.
  fileprivate func ownedCopy() -> OwnedBytes? {
    guard var buffer = try? GrowableBytes(capacity: count), (try? buffer.append(self)) != nil else {
      return nil
    }
    return buffer.finish()
  }
}
