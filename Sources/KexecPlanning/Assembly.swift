internal import KexecABI
internal import ByteCoding
internal import Digests
internal import PhysicalMemory
internal import PurgatoryImage

/// The finished segments of a load with their addresses. The purgatory is missing: it comes last because it
/// holds the digest of all others. The plan of every image type ends here.
struct Assembly {
  /// The segments without the purgatory's.
  var segments: [PlannedSegment]
  /// Where the purgatory goes.
  let purgatoryPlace: PhysicalRange
  /// How the purgatory enters the kernel.
  let entry: PurgatoryParameters.Entry
  /// Where the purgatory writes its time stamps, if anywhere.
  var timestampText: UInt64?
  /// Where the purgatory writes how to return to the running kernel, if anywhere.
  var jumpBackText: UInt64?
  /// By how many bytes the kernel was moved at random; nil when it was not.
  var virtualShift: UInt64?
  /// Whether addresses were drawn at random.
  var isDrawn = false
  /// Bytes of this process's memory that the segments take.
  let memoryUse: UInt64

  /// The space that the purgatory needs.
  static func purgatoryRoom(limits: PhysicalRange) -> SegmentRequirement {
    SegmentRequirement(
      role: .purgatory, byteCount: UInt64(Purgatory.x86_64.memorySize), limits: limits)
  }

  /// Encodes the purgatory and checks the rules of kexec_load, which gets `flags` beside the architecture.
  /// The segments fill all of `region`, if there is one.
  func finish(
    _ request: LoadRequest, in memory: UsableMemory, flags: UInt = 0,
    filling region: PhysicalRange? = nil
  ) throws(PlanningError) -> SegmentLoad {
    let purgatory = Purgatory.x86_64
    // Before the purgatory's digest, so that a change between the two digests is noticed too.
    let sources = checked(for: request).compactMap(SourceDigest.init)
    let bytes: SharedBytes
    do {
      bytes = SharedBytes(try purgatory.encode(parameters(for: request)))
    } catch {
      throw .invalid(.purgatory(error))
    }
    var all =
      segments + [
        PlannedSegment(
          role: .purgatory, bytes: bytes, destination: purgatoryPlace, isChecked: false)
      ]
    if let region { all = SegmentLoad.filling(region, with: all) }
    let load = SegmentLoad(
      entry: PhysicalAddress(purgatoryPlace.start.value + UInt64(purgatory.entryOffset)),
      kernelEntry: PhysicalAddress(entry.address),
      segments: all.sorted { $0.destination.start.value },
      flags: SegmentFlags.x86_64 | flags, memoryMap: memory.map, digest: request.options.digest,
      expectedPeak: memoryUse + SegmentLoad.programSize, virtualShift: virtualShift,
      isDrawn: isDrawn, sources: sources)
    do {
      try load.validate(in: memory)
    } catch {
      throw .invalid(error)
    }
    return load
  }

  /// The segments that the purgatory checks.
  private func checked(for request: LoadRequest) -> [PlannedSegment] {
    request.options.digest == .none ? [] : segments.filter { $0.isChecked }
  }

  /// The parameters for entering the kernel after checking the bytes of the segments.
  ///
  /// Only the bytes from the files are checked: the kernel itself clears the memory behind them.
  private func parameters(for request: LoadRequest) -> PurgatoryParameters {
    let checked = checked(for: request)
    return PurgatoryParameters(
      entry: entry, digest: PurgatoryParameters.Digest(request.options.digest, of: checked),
      regions: checked.map {
        .init(start: $0.destination.start.value, byteCount: UInt64($0.bytes.count))
      },
      serial: request.console.map { .init(port: $0.port, baud: $0.baud) },
      greets: request.console?.greets ?? false, resetsVGA: request.options.resetsVGA,
      usesVGA: request.options.writesOnVGA, timestampText: timestampText,
      jumpBackText: jumpBackText)
  }
}

extension SegmentLoad {
  /// Bytes of memory that the program itself takes, measured.
  fileprivate static let programSize: UInt64 = .mebibytes(8)
}

extension PurgatoryParameters.Digest {
  /// The digest that the purgatory must get of the bytes of `segments`, in this order.
  fileprivate init(_ kind: DigestKind, of segments: [PlannedSegment]) {
    switch kind {
    case .none: self = .none
    case .komihash:
      var hash = Komihash()
      for segment in segments { segment.digest { hash.update($0) } }
      self.init(finishing: hash)
    case .sha256:
      var hash = SHA256()
      for segment in segments { segment.digest { hash.update($0) } }
      self.init(finishing: hash)
    }
  }
}

extension PlannedSegment {
  /// Passes the bytes to `update`, and frees their memory until the system call reads them.
  fileprivate func digest(_ update: (RawSpan) -> Void) {
    update(bytes.span)
    bytes.evict()
  }
}
