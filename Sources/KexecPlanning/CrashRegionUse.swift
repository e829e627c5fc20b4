internal import ByteCoding
internal import PhysicalMemory
package import RunningSystem

/// How many bytes of the memory that the running kernel reserved for a crash kernel its load takes.
package struct CrashRegionUse: Equatable, Sendable {
  /// What is reserved, in one region or two.
  package let reserved: UInt64
  /// What the load takes of it, including the memory that the kernel uses before it reads its memory map.
  package let used: UInt64
  /// What is left for it to run in.
  package var left: UInt64 { reserved - min(used, reserved) }
  /// How much should be left: enough for Linux with a small init, and for the initrd's files, which it
  /// unpacks into memory.
  package let wanted: UInt64

  /// A sufficient size, rounded up to a multiple of 64 MiB as people write it.
  package var advised: UInt64 { Self.rounded(used.addingOrMost(wanted)) }

  /// A size to try when the reserved memory has turned out to be too little all the same.
  package var more: UInt64 { Self.rounded(reserved.addingOrMost(1)) }

  /// The least that a crash kernel is given to run in, beside its initrd.
  private static let leastToRun: UInt64 = .mebibytes(32)

  /// These amounts.
  init(reserved: UInt64, used: UInt64, wanted: UInt64) {
    (self.reserved, self.used, self.wanted) = (reserved, used, wanted)
  }

  /// What `plan` takes of the regions of `machine`; nil when it is not for a crash kernel, or when the
  /// regions are hidden.
  init?(of plan: LoadPlan, on machine: Machine) {
    let regions = PhysicalRangeSet(machine.ioMemory.crashRegions)
    guard plan.purpose == .crash, !machine.ioMemory.isHidden, regions.byteCount > 0 else {
      return nil
    }
    reserved = regions.byteCount
    let initrds: UInt64
    switch plan.action {
    case .segments(let load):
      used = load.segments.reduce(0) { $0.addingOrMost($1.destination.byteCount) }
      initrds = load.segments.reduce(0) { sum, segment in
        if case .initrd = segment.role { sum + segment.destination.byteCount } else { sum }
      }
    case .file(let load):
      initrds = plan.request.initrdByteCount
      used = load.kernelSize.addingOrMost(initrds)
    }
    wanted = Self.leastToRun.addingOrMost(initrds)
  }

  /// A size of the reservation in which `segment` fits, which found no space in what `machine` has reserved.
  package static func advised(
    toTake segment: PlanningError.NoRoom, on machine: Machine
  ) -> UInt64 {
    let reserved = PhysicalRangeSet(machine.ioMemory.crashRegions).byteCount
    let lack = segment.byteCount - min(segment.byteCount, segment.largestHole?.byteCount ?? 0)
    return rounded(
      reserved.addingOrMost(lack).addingOrMost(segment.alignment).addingOrMost(leastToRun))
  }

  /// A size that should be enough for `request`, when nothing is reserved: until it runs, a kernel takes
  /// about five times the size of its file, an initrd four times.
  package static func advised(for request: LoadRequest) -> UInt64 {
    let kernel = min(UInt64(request.kernel.bytes.count) * 5, .mebibytes(128))
    let initrds = request.initrdByteCount.multipliedReportingOverflow(by: 4)
    let files = (initrds.overflow ? .max : initrds.partialValue).addingOrMost(kernel)
    return max(usual, rounded(files.addingOrMost(leastToRun)))
  }

  /// A size that is enough for the kernels and initrds of distributions.
  package static let usual: UInt64 = .mebibytes(256)

  private static func rounded(_ size: UInt64) -> UInt64 {
    let step: UInt64 = .mebibytes(64)
    return size.addingOrMost(step - 1) & ~(step - 1)
  }
}

extension UInt64 {
  /// The sum, or the largest number if the sum does not fit.
  fileprivate func addingOrMost(_ other: UInt64) -> UInt64 {
    let (sum, isBeyond) = addingReportingOverflow(other)
    return isBeyond ? .max : sum
  }
}
