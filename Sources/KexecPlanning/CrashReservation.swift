internal import ByteCoding
package import PhysicalMemory
internal import RunningSystem

/// Why a region that /proc/iomem lists as "Crash kernel" is not trusted.
package enum CrashRegionDoubt: Error, Equatable, Sendable {
  /// It is not all in System RAM.
  case outsideRAM(PhysicalRange)
  /// Two of them share memory.
  case overlap(PhysicalRange, PhysicalRange)
  /// It is not as large as /sys/kernel/kexec_crash_size says, in bytes.
  case otherSize(PhysicalRange, stated: UInt64)
  /// None is listed, though /sys/kernel/kexec_crash_size says so many bytes.
  case notListed(stated: UInt64)
  /// `crashkernel=`, with this value, on the running kernel's command line reserves another size.
  case otherThanReserved(PhysicalRange, word: String)
  /// A part of it is contiguous memory (CMA), by this value of `crashkernel=`, and the kernel does not say
  /// where.
  case contiguousUnknown(word: String)
  /// A range of it is not in System RAM, or in a crash kernel's region as well.
  case contiguousElsewhere(PhysicalRange)
  /// It does not start where `crashkernel=`, with this value, puts it.
  case otherPlace(PhysicalRange, word: String)
}

extension Machine {
  /// What `crashkernel=SIZE,cma` adds to the crash kernel's memory. No segments go there, and the crashed
  /// kernel has no data there that belong into a dump.
  ///
  /// - Throws: `PlanningError.crashRegionDoubtful`.
  func crashContiguousMemory() throws(PlanningError) -> PhysicalRangeSet {
    if let ranges = crash?.contiguousMemory {
      let ram = ioMemory.systemRAM.subtracting(PhysicalRangeSet(ioMemory.crashRegions))
      if let range = ranges.ranges.first(where: { !ram.contains($0) }) {
        throw .crashRegionDoubtful(.contiguousElsewhere(range))
      }
      return ranges
    }
    // A kernel without it ignores the word, or reserves none.
    let word = commandLine.values(of: "crashkernel").last { $0.hasSuffix(",cma") }
    guard let word, contiguousMemory != 0 else { return PhysicalRangeSet([]) }
    throw .crashRegionDoubtful(.contiguousUnknown(word: String(word)))
  }

  /// Compares the crash kernel's regions with every other source that describes them. A crash kernel in
  /// memory that is not reserved would be overwritten before it is needed, or would overwrite memory in use.
  ///
  /// - Throws: `PlanningError.crashRegionDoubtful`.
  func checkCrashReservation() throws(PlanningError) {
    do {
      try compareCrashReservation()
    } catch {
      throw .crashRegionDoubtful(error)
    }
  }

  private func compareCrashReservation() throws(CrashRegionDoubt) {
    // The addresses are hidden, or there is no such file.
    guard !ioMemory.isHidden, !ioMemory.resources.isEmpty else { return }
    let regions = ioMemory.crashRegions
    guard let main = regions.last else {
      if let size = kexec.crashSize, size > 0 { throw .notListed(stated: size) }
      return
    }
    let ram = ioMemory.systemRAM
    for region in regions where !ram.contains(region) { throw .outsideRAM(region) }
    for (lower, upper) in zip(regions, regions.dropFirst()) where lower.overlaps(upper) {
      throw .overlap(lower, upper)
    }
    // As observed, 6.1 has the size of the main region there, and 6.12 that of all regions.
    let sizes = [main.byteCount, PhysicalRangeSet(regions).byteCount]
    if let size = kexec.crashSize, !sizes.contains(size) {
      throw .otherSize(main, stated: size)
    }
    try compare(main, with: commandLine.values(of: "crashkernel").map(CrashKernelWord.init))
  }

  /// Compares the main region with the parameters that may have reserved it. Any of several may have done so,
  /// and the meaning of one may depend on facts that are not known here.
  private func compare(
    _ main: PhysicalRange, with words: [CrashKernelWord]
  ) throws(CrashRegionDoubt) {
    guard let last = words.last, !words.contains(where: { $0.isUnknown }) else { return }
    let sizes = words.flatMap { $0.sizes }
    guard !sizes.isEmpty else { return }
    // Rounded up to the region's alignment at most.
    let rounding: UInt64 = .mebibytes(16)
    let isAsAsked = sizes.contains { size in
      main.byteCount >= size && main.byteCount - size < rounding
    }
    // Root may make it smaller later, which the other source then confirms.
    let isShrunk = kexec.crashSize != nil && sizes.contains { $0 > main.byteCount }
    guard isAsAsked || isShrunk else { throw .otherThanReserved(main, word: last.text) }
    let places = words.map { $0.place }
    if !places.contains(nil), !places.contains(main.start.value) {
      throw .otherPlace(main, word: last.text)
    }
  }
}

extension IOMemory {
  /// System RAM at any depth of the list, without that of drivers.
  fileprivate var systemRAM: PhysicalRangeSet {
    PhysicalRangeSet(resources.lazy.filter { $0.name == "System RAM" }.map { $0.range })
  }
}

/// The value of a `crashkernel=`: `SIZE[@START]`, `SIZE,high`, `SIZE,low`, `SIZE,cma`, or
/// `FROM-[TO]:SIZE,...[@START]` by how much RAM there is.
/// Documented in Documentation/admin-guide/kdump/kdump.rst.
struct CrashKernelWord: Equatable {
  /// The value.
  let text: String
  /// The sizes in bytes that the main region may have according to it.
  private(set) var sizes: [UInt64] = []
  /// Where it puts the region; nil when that is left to the kernel.
  private(set) var place: UInt64?
  /// Whether it has a form that tells no size, such as `auto`.
  private(set) var isUnknown = false

  init(_ value: Substring) {
    text = String(value)
    var rest = value
    if let at = value.lastIndex(of: "@") {
      guard let start = MemorySize(value[value.index(after: at)...]), start.rest.isEmpty else {
        isUnknown = true
        return
      }
      // 0 means anywhere.
      place = start.bytes == 0 ? nil : start.bytes
      rest = value[..<at]
    }
    if rest.contains(":") {
      for part in rest.split(separator: ",") {
        guard let colon = part.firstIndex(of: ":"),
          let size = Self.whole(part[colon...].dropFirst())
        else {
          isUnknown = true
          return
        }
        sizes.append(size)
      }
      return
    }
    let parts = rest.split(separator: ",", omittingEmptySubsequences: false)
    guard let size = parts.first.flatMap(Self.whole), parts.count <= 2,
      parts.count == 1 || ["high", "low", "cma"].contains(parts[1])
    else {
      isUnknown = true
      return
    }
    if parts.count == 1 || parts[1] == "high" { sizes = [size] }
  }

  private static func whole(_ text: Substring) -> UInt64? {
    MemorySize(text).flatMap { $0.rest.isEmpty ? $0.bytes : nil }
  }
}
