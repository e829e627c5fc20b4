internal import ByteCoding
internal import CrashDumps

/// Descriptors of a kdump-compressed file that are not written yet.
struct DescriptorBuffer: ~Copyable {
  private typealias Descriptor = CompressedLayout.Descriptor

  private var space: OwnedBytes
  private(set) var byteCount = 0

  /// With space for `count` descriptors.
  init(count: Int) throws(OutOfMemory) {
    space = try OwnedBytes(zeros: count * Descriptor.size)
  }

  /// Whether there is no space for another.
  var isFull: Bool { byteCount == space.count }

  /// Appends a descriptor, for which there is space.
  mutating func append(_ page: PageData) {
    do {
      try space.store(page.offset, at: byteCount + Descriptor.offset.offset)
      try space.store(page.size, at: byteCount + Descriptor.byteCount.offset)
      try space.store(page.flags, at: byteCount + Descriptor.flags.offset)
      byteCount += Descriptor.size
    } catch {
      preconditionFailure("a descriptor without space")
    }
  }

  /// Calls `body` with the descriptors.
  func withBytes<Failure: Error>(_ body: (RawSpan) throws(Failure) -> Void) throws(Failure) {
    try space.withBytes(byteCount, body)
  }

  /// Makes it empty.
  mutating func clear() { byteCount = 0 }
}
