package import PhysicalMemory

/// The arguments of kexec_load.
package struct SegmentLoad: Sendable {
  /// Where the running kernel jumps to: the purgatory.
  package let entry: PhysicalAddress
  /// Where the purgatory jumps to.
  package let kernelEntry: PhysicalAddress
  /// The segments, lowest first.
  package let segments: [PlannedSegment]
  /// KEXEC_ bits with the architecture.
  package let flags: UInt
  /// The memory map that the next kernel gets.
  package let memoryMap: MemoryMap
  /// How the purgatory checks the segments.
  package let digest: DigestKind
  /// The most bytes of memory that this process is expected to take: kernel and initrds, unpacked if they
  /// are, and the program itself.
  package let expectedPeak: UInt64
  /// By how many bytes the kernel was moved at random from the virtual address that it was linked for; nil
  /// when the kernel stays there or moves itself.
  package var virtualShift: UInt64?
  /// Whether addresses were drawn at random, so that another draw would give another plan.
  package var isDrawn = false
  /// The digests of mapped files among the checked segments, from before the purgatory's digest was made.
  var sources: [SourceDigest] = []

  /// The role of a segment whose file has been written to since the plan was made; nil when none has changed.
  package var changedSource: PlannedSegment.Role? { sources.first(where: { $0.hasChanged })?.role }
}
