internal import ByteCoding
internal import KexecABI
internal import PhysicalMemory

extension SegmentLoad {
  /// Checks the rules of kexec_load, and one that kexec_load does not check: that segments are in RAM.
  package func validate(in memory: UsableMemory) throws(PlanFault) {
    guard segments.count <= segmentLimit else { throw .tooManySegments(segments.count) }
    for segment in segments {
      let place = segment.destination
      guard place.start.isAligned(to: pageSize), place.end.isAligned(to: pageSize) else {
        throw .unaligned(segment.role)
      }
      guard UInt64(segment.bytes.count) <= place.byteCount else { throw .overfull(segment.role) }
      guard memory.free.contains(place) || memory.low.contains(place) else {
        throw .outsideRAM(segment.role, place)
      }
    }
    for (lower, upper) in zip(segments, segments.dropFirst())
    where upper.destination.start < lower.destination.end {
      throw .overlap(lower.role, upper.role)
    }
    let total = segments.reduce(0) { $0 + $1.destination.byteCount }
    guard total <= memory.ramByteCount / 2 else {
      throw .moreThanHalfOfRAM(segments: total, ram: memory.ramByteCount)
    }
    guard segments.contains(where: { $0.destination.contains(entry) }) else {
      throw .entryOutside(entry)
    }
  }
}
