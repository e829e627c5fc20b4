internal import ByteCoding
internal import CrashDumps
internal import ELFFormat
internal import PhysicalMemory

/// Where everything is in an ELF file that is written.
struct ELFDumpLayout {
  private typealias File = ELFLayout.File
  private typealias Program = ELFLayout.Program

  /// A part of a segment that is the kernel's image.
  struct ImagePart {
    /// The number of the segment.
    let segment: Int
    /// Its pages.
    let frames: Range<UInt64>
    /// Their first virtual address.
    let virtual: UInt64
  }

  /// The notes, and where they are.
  let notes: DumpNotes
  let notesPlace: UInt64
  /// How the memory is cut.
  let segments: [ELFSegments.Segment]
  /// Where the bytes of each segment are.
  let places: [UInt64]
  /// What of the segments is the kernel's image.
  let parts: [ImagePart]
  /// Where the bytes of the first segment are.
  let dataPlace: UInt64
  /// Bytes of the file.
  let byteCount: UInt64
  /// How many pages belong into the file.
  let pageCount: UInt64
  /// How many others are left out because they are zero.
  let zeroPages: UInt64
  /// The file's header and the program headers, as in a complete file.
  private(set) var headers: [UInt8] = []

  /// Pages of a window.
  private static let windowPages: UInt64 = 256
  /// Program headers, at most. An ELF file can have eight times as many, but the kernel itself makes no more of them for a
  /// dump, and readers look at them one by one.
  private static let segmentLimit = 8192 - 1
  /// Program headers of the image, at most.
  private static let partLimit = 1024

  init(
    _ image: CrashImage, _ selection: PageSelection, leavesOutZeros: Bool
  ) throws(CrashImageError) {
    notes = DumpNotes(image)
    let found = try Self.segments(of: image, selection, leavesOutZeros: leavesOutZeros)
    (segments, pageCount, zeroPages) = (found.segments, found.pageCount, found.zeroPages)
    parts = Self.imageParts(of: image, found.segments)
    let headerCount = UInt64(1 + found.segments.count + parts.count)
    let end = UInt64(File.size(.bits64)) + headerCount * UInt64(Program.size(.bits64))
    notesPlace = end.roundedUp(to: 4096)
    dataPlace = (notesPlace + UInt64(notes.bytes.count)).roundedUp(to: 4096)
    var place = dataPlace
    var places: [UInt64] = []
    for segment in segments {
      places.append(place)
      place += segment.storedCount << 12
    }
    self.places = places
    byteCount = place
    headers = encode(machine: image.machine, directMapStart: image.directMapStart)
  }

  /// Cuts the memory into segments: at longer runs than usual, if there would be too many.
  private static func segments(
    of image: CrashImage, _ selection: PageSelection, leavesOutZeros: Bool
  ) throws(CrashImageError) -> (
    segments: [ELFSegments.Segment], pageCount: UInt64, zeroPages: UInt64
  ) {
    var cutLength: UInt64 = 1
    while true {
      var segments = ELFSegments(cutLength: cutLength)
      var (pageCount, zeroPages): (UInt64, UInt64) = (0, 0)
      var marks: [UInt8] = []
      while try selection.next() {
        var stored = selection.words
        let count = stored.count << 6
        if marks.count != count { marks = Array(repeating: 0, count: count) }
        _ = try image.markMemory(from: selection.firstFrame, in: &marks)
        if leavesOutZeros { zeroPages += try removeZeros(image, selection, from: &stored) }
        pageCount += stored.reduce(0) { $0 + UInt64($1.nonzeroBitCount) }
        segments.append(memory: marks.bits, stored: stored, from: selection.firstFrame)
      }
      segments.close()
      try selection.restart()
      if segments.segments.count <= segmentLimit - partLimit {
        return (segments.segments, pageCount, zeroPages)
      }
      cutLength *= 2
    }
  }

  /// Clears the bits of pages of zeros.
  ///
  /// - Returns: how many they are.
  private static func removeZeros(
    _ image: CrashImage, _ selection: PageSelection, from stored: inout [UInt64]
  ) throws(CrashImageError) -> UInt64 {
    var count: UInt64 = 0
    let first = selection.firstFrame
    var pages = SelectedPages(stored, from: first, windowPages: windowPages)
    while let window = pages.next() {
      var frame = window.lowerBound
      while frame < window.upperBound {
        // What cannot be read now is looked at again, page by page, when it is to be written.
        let wanted = Int(window.upperBound - frame)
        guard let source = try? image.pages(from: frame, count: wanted) else { break }
        for index in 0..<(source.count >> 12) {
          let bit = Int(frame - first)
          if pages.contains(frame), source.span.isZero((index << 12)..<(index << 12 + 4096)) {
            stored[bit >> 6] &= ~(1 << UInt64(bit & 63))
            count += 1
          }
          frame += 1
        }
      }
    }
    return count
  }

  /// What of the segments is the kernel's image.
  private static func imageParts(
    of image: CrashImage, _ segments: [ELFSegments.Segment]
  ) -> [ImagePart] {
    guard let kernel = image.kernelImage else { return [] }
    let frames = (kernel.memory.start.value >> 12)..<(kernel.memory.end.value >> 12)
    var parts: [ImagePart] = []
    for (index, segment) in segments.enumerated() {
      let part = frames.clamped(to: segment.start..<segment.end)
      // More would be a damaged table's.
      guard !part.isEmpty, parts.count < partLimit else { continue }
      let virtual = kernel.virtualStart + (part.lowerBound - frames.lowerBound) << 12
      parts.append(ImagePart(segment: index, frames: part, virtual: virtual))
    }
    return parts
  }

  private func encode(machine: UInt16, directMapStart: UInt64?) -> [UInt8] {
    let count = 1 + parts.count + segments.count
    var bytes = [UInt8](
      repeating: 0, count: File.size(.bits64) + count * Program.size(.bits64))
    bytes.store(ELFLayout.magicValue, as: ELFLayout.magic)
    bytes.store(ELFWidth.bits64.rawValue, as: ELFLayout.fileClass)
    bytes.store(ELFLayout.littleEndian, as: ELFLayout.data)
    bytes.store(ELFLayout.currentVersion, as: ELFLayout.identVersion)
    bytes.store(ELFLayout.FileType.core, as: File.type)
    bytes.store(machine, as: File.machine)
    bytes.store(UInt32(ELFLayout.currentVersion), as: File.version)
    bytes.store(UInt64(File.size(.bits64)), as: File.programHeaders, .bits64)
    bytes.store(UInt64(File.size(.bits64)), as: File.ownSize, .bits64)
    bytes.store(UInt64(Program.size(.bits64)), as: File.programHeaderSize, .bits64)
    bytes.store(UInt64(count), as: File.programHeaderCount, .bits64)

    var base = File.size(.bits64)
    func add(
      _ type: UInt32, at offset: UInt64, virtual: UInt64, physical: UInt64, size: UInt64,
      memory: UInt64
    ) {
      let access = type == Program.load ? Program.allAccess : 0
      bytes.store(type, as: Program.type, base: base)
      bytes.store(access, as: Program.flags, .bits64, base: base)
      bytes.store(offset, as: Program.offset, .bits64, base: base)
      bytes.store(virtual, as: Program.virtual, .bits64, base: base)
      bytes.store(physical, as: Program.physical, .bits64, base: base)
      bytes.store(size, as: Program.fileSize, .bits64, base: base)
      bytes.store(memory, as: Program.memorySize, .bits64, base: base)
      base += Program.size(.bits64)
    }
    let size = UInt64(notes.bytes.count)
    add(Program.note, at: notesPlace, virtual: 0, physical: 0, size: size, memory: size)
    for (index, segment) in segments.enumerated() {
      let physical = segment.start << 12
      add(
        Program.load, at: places[index], virtual: directMapStart.map { $0 &+ physical } ?? 0,
        physical: physical, size: segment.storedCount << 12,
        memory: (segment.end - segment.start) << 12)
    }
    // Behind the RAM: makedumpfile reads an image before it wrongly when it maps the file.
    for part in parts {
      let segment = segments[part.segment]
      let skipped = min(part.frames.lowerBound, segment.storedEnd) - segment.start
      let stored = part.frames.clamped(to: segment.start..<segment.storedEnd)
      add(
        Program.load, at: places[part.segment] + skipped << 12, virtual: part.virtual,
        physical: part.frames.lowerBound << 12, size: UInt64(stored.count) << 12,
        memory: UInt64(part.frames.count) << 12)
    }
    return bytes
  }
}
