internal import ByteCoding
internal import Compression
internal import CpioFormat
internal import PhysicalMemory
internal import RunningSystem

/// The initrds as they go into memory: archives one after the other. Each starts at a page, so that none need
/// be copied. The kernel skips the zeros between them.
struct InitrdLayout: Sendable {
  /// An archive, or bytes that were not recognised as one.
  struct Part: Sendable {
    /// The index of its file in the request.
    let file: Int
    let bytes: SharedBytes

    /// Bytes of memory: whole pages.
    var space: UInt64 { UInt64(bytes.count).roundedUp(to: pageSize) }
  }

  /// How many of the sixteen segments may be for initrds. The others are for the kernel and what belongs to
  /// it; a crash kernel has one more, for the elfcorehdr.
  private static func partLimit(for purpose: LoadOptions.Purpose) -> Int {
    purpose == .crash ? 7 : 8
  }

  private(set) var parts: [Part]
  private(set) var notes: [PlanNote] = []
  /// What was found in the initrds; nil if they are not to be checked.
  private(set) var inspection: InitrdInspection?

  /// The initrds of `request`, unpacked if they are compressed and there is memory for it. The next kernel,
  /// which takes `kernelSize` bytes to start, then only copies them. `inspection` is what is known of them
  /// already.
  init(
    _ request: LoadRequest, kernelSize: UInt64, machine: Machine, memory: UsableMemory,
    inspection: InitrdInspection?
  ) {
    parts = Self.files(of: request)
    let partLimit = Self.partLimit(for: request.options.purpose)
    let areJoined = parts.count > partLimit
    if areJoined {
      let row = InitrdArchives.row(of: request.initrds.map { $0.bytes })
      parts = [Part(file: 0, bytes: SharedBytes(row.reduce(into: []) { $0 += $1.array }))]
      notes.append(.initrdsJoined(request.initrds.count))
    }
    guard !areJoined, request.options.isFast, byteCount <= memory.ramByteCount / 2 else {
      self.inspection = inspection ?? InitrdInspection(request, on: machine)
      return
    }
    let contents = Self.contents(
      of: request, within: Self.limit(kernelSize: kernelSize, machine: machine, memory: memory))
    self.inspection =
      inspection ?? InitrdInspection(request, contents.map { $0.findings })
    let kept = Self.itemsToKeep(in: contents)
    for (file, content) in contents.enumerated() {
      let (bytes, hasChanged) = content.parts(keeping: kept[file])
      let reason = content.reason ?? (kept[file].isEmpty ? nil : .earlyFiles)
      guard hasChanged else {
        if let reason { notes.append(.initrdUnchanged(file, reason)) }
        continue
      }
      // Its parts replace one part.
      guard parts.count - 1 + bytes.count <= partLimit else {
        notes.append(.initrdUnchanged(file, .tooManyParts(bytes.count)))
        continue
      }
      let place = parts.firstIndex { $0.file == file } ?? 0
      parts.replaceSubrange(place...place, with: bytes.map { Part(file: file, bytes: $0) })
      notes.append(reason.map { .initrdPartlyUnpacked(file, $0) } ?? .initrdUnpacked(file))
    }
  }

  /// The initrds taken apart, and unpacked into at most `limit` bytes together.
  private static func contents(of request: LoadRequest, within limit: Int) -> [InitrdContent] {
    var left = limit
    return request.initrds.map { initrd in
      let content = InitrdContent(initrd.bytes, unpackedInto: left)
      initrd.bytes.evict()
      left -= min(left, content.items.reduce(0) { $0 + ($1.unpacked?.count ?? 0) })
      return content
    }
  }

  /// The archives that must stay compressed: for each file their indices in it.
  ///
  /// A kernel looks for microcode and ACPI tables before it unpacks anything, in archives up to the first
  /// compressed one. It must not find files now that it would not find after another boot. So compressed
  /// archives with such files stay compressed, and so does the last one before a plain archive that has some.
  private static func itemsToKeep(in contents: [InitrdContent]) -> [Set<Int>] {
    var kept = contents.map { _ in Set<Int>() }
    var lastPacked: (file: Int, item: Int)?
    var isHidden = false
    for (file, content) in contents.enumerated() {
      for (index, item) in content.items.enumerated() {
        if item.isPacked { lastPacked = (file, index) }
        guard item.hasEarlyFiles, let packed = lastPacked, item.isPacked || !isHidden else {
          continue
        }
        kept[packed.file].insert(packed.item)
        isHidden = true
      }
    }
    return kept
  }

  /// Plans with these initrds or, if there is no space for them, with the unchanged files: no load fails
  /// because an initrd is larger when unpacked.
  func whereItFits<Result>(
    _ request: LoadRequest, _ plan: (InitrdLayout) throws(PlanningError) -> Result
  ) throws(PlanningError) -> Result {
    do {
      return try plan(self)
    } catch {
      guard error.isAboutRoom, notes.contains(where: { $0.unpackedInitrd != nil }) else {
        throw error
      }
    }
    var unchanged = self
    unchanged.parts = Self.files(of: request)
    unchanged.notes = notes.map { note in
      note.unpackedInitrd.map { .initrdUnchanged($0, .noRoom) } ?? note
    }
    return try plan(unchanged)
  }

  private static func files(of request: LoadRequest) -> [Part] {
    request.initrds.enumerated().map { Part(file: $0, bytes: $1.bytes) }
  }

  /// How many bytes unpacked initrds may take. The next kernel needs the archive and the files in it at the
  /// same time, and the running kernel accepts segments of at most half of the RAM. At load time, the copy of
  /// this program and that of the running kernel must both fit.
  private static func limit(
    kernelSize: UInt64, machine: Machine, memory: UsableMemory
  ) -> Int {
    let reserve = kernelSize + .mebibytes(64)
    let then = min(memory.ramByteCount, memory.nextRAMByteCount) / 2
    let now = (machine.availableMemory ?? memory.ramByteCount) / 2
    // Control groups do not count the running kernel's copy.
    let space = min(then, now, machine.processMemory ?? .max)
    return space > reserve ? Int(clamping: space - reserve) : 0
  }

  /// Bytes of memory for all parts; 0 without an initrd.
  var byteCount: UInt64 { parts.reduce(0) { $0 + $1.space } }

  /// The space that they need below `end`, which the kernel's header gives. If that is lower than any initrd
  /// may be, the range for them is empty.
  func space(below end: UInt64) -> SegmentRequirement {
    let start: UInt64 = .mebibytes(16)
    return SegmentRequirement(
      role: .initrd(0), byteCount: byteCount,
      limits: PhysicalRange(start: PhysicalAddress(start), end: PhysicalAddress(max(end, start))))
  }

  /// The segments that fill `place`.
  func segments(in place: PhysicalRange) -> [PlannedSegment] {
    var start = place.start
    return parts.map { part in
      let end = PhysicalAddress(start.value + part.space)
      defer { start = end }
      return PlannedSegment(
        role: .initrd(part.file), bytes: part.bytes,
        destination: PhysicalRange(start: start, end: end))
    }
  }

  /// The range that the next kernel is told: from the start of the first part to the last byte of the last
  /// one.
  func extent(in place: PhysicalRange?) -> PhysicalRange? {
    guard let place, let last = parts.last else { return nil }
    let padding = last.space - UInt64(last.bytes.count)
    return PhysicalRange(
      start: place.start, end: PhysicalAddress(place.end.value - padding))
  }
}

extension PlanningError {
  /// Whether smaller segments might help.
  fileprivate var isAboutRoom: Bool {
    switch self {
    case .noRoom, .invalid(.moreThanHalfOfRAM): true
    default: false
    }
  }
}

extension PlanNote {
  /// The initrd that was unpacked, at least in part, according to this note.
  var unpackedInitrd: Int? {
    switch self {
    case .initrdUnpacked(let file), .initrdPartlyUnpacked(let file, _): file
    default: nil
    }
  }
}
