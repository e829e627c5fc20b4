internal import ByteCoding
internal import Compression
internal import CpioFormat
internal import PhysicalMemory
internal import RunningSystem

/// The initrds as they go into memory: archives one after the other, each at a page of its own, so
/// that none need be copied. The kernel skips the zeros between them.
struct InitrdPiece: Sendable {
  /// An archive, or what could not be told to be one.
  struct Part: Sendable {
    /// The place of its file in the request.
    let file: Int
    let bytes: SharedBytes

    /// Bytes of memory: whole pages.
    var room: UInt64 { (UInt64(bytes.count) + pageSize - 1) & ~(pageSize - 1) }
  }

  /// How many of the sixteen segments may be for initrds: the rest is for the kernel and for what
  /// comes with it, which for a crash is a header more.
  private static func partLimit(for purpose: LoadOptions.Purpose) -> Int {
    purpose == .crash ? 7 : 8
  }

  private(set) var parts: [Part]
  private(set) var notes: [PlanNote] = []

  /// The initrds of `request`, unpacked where they are compressed and there is memory for it: the
  /// next kernel, which takes `kernelSize` bytes to start, then only copies them.
  init(
    _ request: LoadRequest, kernelSize: UInt64, machine: Machine, memory: UsableMemory
  ) {
    parts = Self.files(of: request)
    let partLimit = Self.partLimit(for: request.options.purpose)
    guard parts.count <= partLimit else {
      let row = InitrdArchives.row(of: request.initrds.map(\.bytes))
      parts = [Part(file: 0, bytes: SharedBytes(row.reduce(into: []) { $0 += $1.array }))]
      notes.append(.initrdsJoined(request.initrds.count))
      return
    }
    guard request.options.isFast, byteCount <= memory.ramByteCount / 2 else { return }
    var left = Self.limit(kernelSize: kernelSize, machine: machine, memory: memory)
    for (file, initrd) in request.initrds.enumerated() {
      let unpacked = UnpackedInitrd(initrd.bytes, limit: left)
      initrd.bytes.evict()
      guard unpacked.hasChanged else {
        if let reason = unpacked.reason { notes.append(.initrdUnchanged(file, reason)) }
        continue
      }
      // Its parts take the place of one.
      guard parts.count - 1 + unpacked.parts.count <= partLimit else {
        notes.append(.initrdUnchanged(file, .tooManyParts(unpacked.parts.count)))
        continue
      }
      left -= min(left, unpacked.parts.reduce(0) { $0 + $1.count })
      let place = parts.firstIndex { $0.file == file } ?? 0
      parts.replaceSubrange(
        place...place, with: unpacked.parts.map { Part(file: file, bytes: $0) })
      notes.append(
        unpacked.reason.map { .initrdPartlyUnpacked(file, $0) } ?? .initrdUnpacked(file))
    }
  }

  /// Plans with these initrds or, where there is no room for them, with the files as they are: no load
  /// fails because an initrd is larger unpacked.
  func whereItFits<Result>(
    _ request: LoadRequest, _ plan: (InitrdPiece) throws(PlanningError) -> Result
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

  /// How many bytes unpacked initrds may take. The next kernel needs the archive and the files in
  /// it at the same time, and takes segments only up to half of RAM; now, our copy and the running
  /// kernel's must both fit.
  private static func limit(
    kernelSize: UInt64, machine: Machine, memory: UsableMemory
  ) -> Int {
    let reserve = kernelSize + 64 << 20
    let then = min(memory.ramByteCount, memory.nextRAMByteCount) / 2
    let now = (machine.availableMemory ?? memory.ramByteCount) / 2
    let room = min(then, now)
    return room > reserve ? Int(clamping: room - reserve) : 0
  }

  /// Bytes of memory for all parts; 0 without an initrd.
  var byteCount: UInt64 { parts.reduce(0) { $0 + $1.room } }

  /// The room that they need, below `end`, which the kernel's header gives. It may say that an initrd
  /// must be lower than any can be: then there is no room.
  func room(below end: UInt64) -> PieceRoom {
    let start: UInt64 = 16 << 20
    return PieceRoom(
      role: .initrd(0), byteCount: byteCount,
      limits: PhysicalRange(start: PhysicalAddress(start), end: PhysicalAddress(max(end, start))))
  }

  /// The segments that fill `place`.
  func segments(in place: PhysicalRange) -> [PlannedSegment] {
    var start = place.start
    return parts.map { part in
      let end = PhysicalAddress(start.value + part.room)
      defer { start = end }
      return PlannedSegment(
        role: .initrd(part.file), bytes: part.bytes,
        destination: PhysicalRange(start: start, end: end))
    }
  }

  /// What the next kernel is told: from the first part's start to the last byte of the last.
  func extent(in place: PhysicalRange?) -> PhysicalRange? {
    guard let place, let last = parts.last else { return nil }
    let padding = last.room - UInt64(last.bytes.count)
    return PhysicalRange(
      start: place.start, end: PhysicalAddress(place.end.value - padding))
  }
}

extension PlanningError {
  /// Whether smaller pieces might help.
  fileprivate var isAboutRoom: Bool {
    switch self {
    case .noRoom, .invalid(.moreThanHalfOfRAM): true
    default: false
    }
  }
}

extension PlanNote {
  /// The initrd of which this says that it was unpacked, at least in part.
  fileprivate var unpackedInitrd: Int? {
    switch self {
    case .initrdUnpacked(let file), .initrdPartlyUnpacked(let file, _): file
    default: nil
    }
  }
}

/// An initrd taken apart: a row of cpio archives, some compressed, as the kernel reads it.
///
/// Documented in Documentation/driver-api/early-userspace/buffer-format.rst.
struct UnpackedInitrd {
  /// The archives, in order, unpacked; then what was not understood, as it is.
  private(set) var parts: [SharedBytes] = []
  /// Why the rest was left as it is; nil when all was understood.
  private(set) var reason: InitrdReason?
  /// Whether anything was unpacked.
  private(set) var hasChanged = false

  /// More streams than any initrd has; each may cost a buffer of four times what is left of the file.
  private static let streamLimit = 64

  /// Unpacks `file` into at most `limit` bytes.
  init(_ file: SharedBytes, limit: Int) {
    var position = 0
    var left = limit
    var streams = 0
    while let start = file.firstNonZero(from: position) {
      guard let rest = try? file.slice(start..<file.count) else { break }
      if let end = CpioReader.end(of: rest.span) {
        if let archive = try? rest.slice(0..<end) { parts.append(archive) }
        position = start + end
        continue
      }
      guard let format = CompressionFormat.recognise(rest.span) else {
        keep(rest, of: file, at: start, because: .unknownContent(offset: start))
        return
      }
      streams += 1
      guard streams <= Self.streamLimit else {
        keep(rest, of: file, at: start, because: .tooManyParts(streams))
        return
      }
      do throws(CompressionError) {
        let result = try decompress(rest, as: format, limit: left)
        left -= result.bytes.count
        // There are no segments of nothing.
        if result.bytes.count > 0 { parts.append(result.bytes) }
        hasChanged = true
        position = start + result.consumed
      } catch .tooLarge {
        keep(rest, of: file, at: start, because: .tooLarge(limit: limit))
        return
      } catch {
        keep(rest, of: file, at: start, because: .corrupt(format: format.name, offset: start))
        return
      }
    }
  }

  /// Passes `rest` on as it is. Archives in it count only at multiples of four bytes from the
  /// start: where taking the front away would move them, all of the file stays as it is.
  private mutating func keep(
    _ rest: SharedBytes, of file: SharedBytes, at start: Int, because reason: InitrdReason
  ) {
    self.reason = reason
    if start % 4 == 0 {
      parts.append(rest)
    } else {
      parts = [file]
      hasChanged = false
    }
  }
}

/// Why an initrd, or the rest of it, is passed on as it is.
package enum InitrdReason: Equatable, Sendable {
  /// Neither a cpio archive nor compressed.
  case unknownContent(offset: Int)
  /// A compressed archive that does not unpack.
  case corrupt(format: String, offset: Int)
  /// Unpacked it would not fit beside the files in it.
  case tooLarge(limit: Int)
  /// Unpacked the pieces have no place, or take too much of RAM.
  case noRoom
  /// It holds more archives than there are segments left.
  case tooManyParts(Int)
}

extension SharedBytes {
  /// The offset of the first byte from `position` on that is not zero, or the end of a padding that
  /// is longer than any; nil when only zeros are left.
  fileprivate func firstNonZero(from position: Int) -> Int? {
    let span = span
    let limit = min(count, position + 1 << 20)
    var offset = position
    while offset < limit, let word = try? span.load(UInt64.self, at: offset), word == 0 {
      offset += 8
    }
    while offset < limit, let byte = try? span.load(UInt8.self, at: offset), byte == 0 {
      offset += 1
    }
    return offset < count ? offset : nil
  }
}
