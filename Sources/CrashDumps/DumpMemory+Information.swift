internal import ByteCoding

// A dump that a hypervisor has made has no note with VMCOREINFO. The kernel keeps the text in a page of its own.

extension DumpMemory {
  /// VMCOREINFO in memory, and where; nil unless exactly one text is found that fits this memory.
  ///
  /// A memory can hold the text of a kernel that ran before. A text fits if its page table leads from one of its
  /// symbols to where the kernel's image has it.
  func findInformation() throws(CrashImageError) -> (information: VMCoreInfo, physical: UInt64)? {
    var found: (information: VMCoreInfo, physical: UInt64)?
    var next = try stored(from: 0)
    while let frame = next {
      let physical = frame << 12
      guard let run = try? run(at: physical, count: Self.windowSize) else {
        next = try stored(from: frame + 1)
        continue
      }
      for start in stride(from: 0, to: run.count, by: .kibibytes(4))
      where Self.isInformation(run.span, at: start) {
        let end = min(start + .kibibytes(4), run.count)
        guard let bytes = try? run.slice(start..<end).array else { continue }
        let information = VMCoreInfo(bytes)
        guard fits(information) else { continue }
        if found != nil { return nil }
        found = (information, physical + UInt64(start))
      }
      next = try stored(from: frame + UInt64(max(run.count, .kibibytes(4)) >> 12))
    }
    return found
  }

  /// "OSRELEASE=" is the first line.
  private static func isInformation(_ bytes: RawSpan, at offset: Int) -> Bool {
    guard let start = try? bytes.load(UInt64.self, at: offset) else { return false }
    return start == 0x5341_454C_4552_534F
      && (try? bytes.load(UInt16.self, at: offset + 8)) == 0x3D45
  }

  private func fits(_ information: VMCoreInfo) -> Bool {
    guard information.pageSize != nil, let paging = try? KernelPaging(information),
      let symbol = information.symbol("init_uts_ns") ?? information.symbol("_stext"),
      let expected = try? paging.translate(symbol, in: self),
      let walked = try? paging.walk(symbol, in: self)
    else { return false }
    return expected.physical == walked.physical
  }
}
