internal import ByteCoding
internal import CrashDumps
internal import ELFFormat

/// Writes an ELF core file: notes, the kernel's image with its virtual addresses, and all RAM.
///
/// Pages that are left out are behind the end of a PT_LOAD's bytes, where readers take zeros. Where that would need too many
/// PT_LOADs, short runs of them are zeros in the file. The image has PT_LOADs of its own, which point at the same bytes.
final class ELFWriter {
  private typealias File = ELFLayout.File

  private let image: CrashImage
  private let selection: PageSelection
  private let options: DumpWriter.Options
  /// Where everything is in the file.
  let layout: ELFDumpLayout

  private var hasher: ChunkHasher
  private var result = WrittenDump()
  /// What was written, and hashed, of the file.
  private var position: UInt64 = 0
  private var donePages: UInt64 = 0
  /// The segment that the last page was in.
  private var current = 0

  /// Pages of a window.
  private static let windowPages: UInt64 = 256

  init(
    _ image: CrashImage, _ selection: PageSelection, level: DumpLevel,
    options: DumpWriter.Options
  ) throws(CrashImageError) {
    self.image = image
    self.selection = selection
    self.options = options
    hasher = ChunkHasher(from: 0, isUsed: options.hashesChunks)
    layout = try ELFDumpLayout(image, selection, leavesOutZeros: level.contains(.zero))
  }

  /// Writes the file.
  func write(
    to output: RandomAccessOutput, progress: (DumpProgress) -> Void
  ) throws(DumpWriteError) -> WrittenDump {
    let headers = layout.headers
    let notes = layout.notes.bytes
    var marked = headers
    marked.store(ELFLayout.File.isIncomplete, as: File.flags, .bits64)
    try asOutput { () throws(WriteFailure) in
      try output.write(marked, at: 0)
      hasher.update(headers)
      position = UInt64(headers.count)
      try fill(to: layout.notesPlace, output)
      try output.write(notes, at: layout.notesPlace)
      hasher.update(notes)
      position += UInt64(notes.count)
      try fill(to: layout.dataPlace, output)
      // The data have chunks of their own.
      hasher.finish()
    }
    while true {
      do throws(CrashImageError) {
        guard try selection.next() else { break }
      } catch {
        throw .source(error)
      }
      var pages = SelectedPages(
        selection.words, from: selection.firstFrame, windowPages: Self.windowPages)
      while let window = pages.next() {
        do throws(WriteFailure) {
          try write(window, of: pages, output)
        } catch {
          throw .output(error)
        }
      }
      progress(
        DumpProgress(
          donePages: donePages, allPages: layout.pageCount, byteCount: position,
          dataStart: layout.dataPlace))
    }
    guard selection.isSame else { throw .sourceChanged }
    try asOutput { () throws(WriteFailure) in
      // The last page may be one that could not be read: without its zeros the file would be too short.
      if position < layout.byteCount {
        let last = min(layout.byteCount - position, 4096)
        try fill(to: layout.byteCount - last, output)
        try output.write(zeros: last, at: position)
        hasher.update(zeros: last)
      }
    }
    hasher.finish()
    result.chunks = hasher.chunks
    result.byteCount = layout.byteCount
    result.dataStart = layout.dataPlace
    result.zeroPages = layout.zeroPages
    result.storedPages = layout.pageCount - result.unreadablePages
    result.leftOutPerCPU = selection.leftOutPerCPU
    result.mark = WrittenDump.Patch(
      offset: UInt64(File.flags.offset(.bits64)), bytes: [0, 0, 0, 0])
    return result
  }

  private func write(
    _ window: Range<UInt64>, of pages: SelectedPages, _ output: RandomAccessOutput
  ) throws(WriteFailure) {
    var frame = window.lowerBound
    var isBroken = false
    while frame < window.upperBound {
      guard pages.contains(frame), let place = place(of: frame) else {
        frame += 1
        continue
      }
      // As many as lie side by side in the file.
      var end = frame + 1
      let limit = min(window.upperBound, isBroken ? end : layout.segments[current].storedEnd)
      while end < limit, pages.contains(end) { end += 1 }
      guard let source = try? image.pages(from: frame, count: Int(end - frame)) else {
        if end == frame + 1 {
          result.noteUnreadable(frame)
          frame += 1
        }
        isBroken = true
        continue
      }
      try fill(to: place, output)
      try output.write(source.span, at: place)
      hasher.update(source.span)
      position += UInt64(source.count)
      let count = UInt64(source.count) >> 12
      donePages = min(donePages + count, layout.pageCount)
      frame += count
    }
  }

  /// Where the page is in the file; nil when it is a page of zeros that was left out.
  private func place(of frame: UInt64) -> UInt64? {
    while current < layout.segments.count, layout.segments[current].end <= frame { current += 1 }
    guard current < layout.segments.count, layout.segments[current].start <= frame,
      frame < layout.segments[current].storedEnd
    else { return nil }
    return layout.places[current] + (frame - layout.segments[current].start) << 12
  }

  /// Fills the file with zeros up to `place`.
  private func fill(to place: UInt64, _ output: RandomAccessOutput) throws(WriteFailure) {
    guard position < place else { return }
    if !options.isBlank { try output.write(zeros: place - position, at: position) }
    hasher.update(zeros: place - position)
    position = place
  }

  private func asOutput(
    _ body: () throws(WriteFailure) -> Void
  ) throws(DumpWriteError) {
    do {
      try body()
    } catch {
      throw .output(error)
    }
  }
}
