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
  /// Bytes of memory that the loader is expected to take at the most: kernel and initrds, unpacked
  /// where they are, and itself.
  package let expectedPeak: UInt64
  /// By how many bytes the kernel was moved from the virtual address that it was linked for, drawn at
  /// random at load time; nil when the kernel stays there or moves itself.
  package var virtualShift: UInt64?
  /// Whether addresses were drawn at random, so that another draw would give another plan.
  package var isDrawn = false
  /// What the parts of mapped files among the checked segments digested to before the purgatory's digest
  /// was made.
  var sources: [SourceDigest] = []

  /// What a part of a file that others have written to since the plan was made is for; nil when none
  /// has changed.
  package var changedSource: PlannedSegment.Role? { sources.first(where: { $0.hasChanged })?.role }
}
