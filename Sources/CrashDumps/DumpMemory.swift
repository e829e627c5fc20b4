internal import ByteCoding

/// The physical memory in a dump, whatever the dump's format.
final class DumpMemory {
  let file: RandomAccessFile
  let contents: DumpContents
  /// How many pages of RAM the dump knows.
  let frameCount: UInt64
  /// Pages that must not be read, ascending: the hardware has reported them as bad.
  private(set) var badFrames: [UInt64] = []
  /// The page tables that were read; some stand in it more than once.
  private(set) var tables: [UInt64] = []
  private var cached: [(frame: UInt64, page: SharedBytes)?]

  /// The most bytes that are read at once, and so the memory that a window takes.
  static let windowSize: Int = .mebibytes(4)

  init(_ file: RandomAccessFile, _ contents: DumpContents) throws(CrashImageError) {
    self.file = file
    self.contents = contents
    switch contents {
    case .elf(let dump): frameCount = dump.frames.reduce(0) { $0 + UInt64($1.count) }
    case .compressed(let dump): frameCount = try dump.frameCount()
    }
    cached = Array(repeating: nil, count: 64)
  }

  /// Forgets what was read of these pages, and never reads them again.
  func avoid(_ frames: [UInt64]) {
    badFrames = (badFrames + frames).sorted { $0 }
    cached = Array(repeating: nil, count: cached.count)
  }

  /// Bytes from `physical` on that lie side by side: at least one, at most `count` and a window.
  func run(at physical: UInt64, count: Int) throws(CrashImageError) -> SharedBytes {
    var count = min(count, Self.windowSize)
    if !badFrames.isEmpty {
      let frame = physical >> 12
      let index = badFrames.partition { $0 >= frame }
      if index < badFrames.count {
        guard badFrames[index] != frame else { throw .notInDump(physical: physical) }
        count = Int(min(UInt64(count), (badFrames[index] << 12) - physical))
      }
    }
    switch contents {
    case .elf(let dump):
      guard let stored = dump.memory(at: physical) else { throw .notInDump(physical: physical) }
      let size = Int(min(UInt64(count), stored.end - physical))
      return try file.range(at: stored.offset + (physical - stored.start), count: size)
    case .compressed(let dump): return try dump.run(at: physical, count: count)
    }
  }

  /// The page table with the number `frame`.
  func table(_ frame: UInt64) throws(CrashImageError) -> SharedBytes {
    let entry = Int(frame % UInt64(cached.count))
    if let known = cached[entry], known.frame == frame { return known.page }
    let page = try run(at: frame << 12, count: .kibibytes(4))
    cached[entry] = (frame, page)
    tables.append(frame)
    return page
  }

  /// The page number behind the last page of RAM.
  var endFrame: UInt64 {
    switch contents {
    case .elf(let dump): dump.frames.last?.upperBound ?? 0
    case .compressed(let dump): dump.endFrame
    }
  }

  /// Sets `marks` to 1 for each page from `first` on that is RAM, and to 0 for the others.
  ///
  /// - Returns: whether there is any.
  func markMemory(from first: UInt64, in marks: inout [UInt8]) throws(CrashImageError) -> Bool {
    let end = first + UInt64(marks.count)
    for index in marks.indices { marks[index] = 0 }
    var isAny = false
    switch contents {
    case .elf(let dump):
      var index = dump.frames.partition { $0.upperBound > first }
      while index < dump.frames.count, dump.frames[index].lowerBound < end {
        let range = dump.frames[index].clamped(to: first..<end)
        for frame in range { marks[Int(frame - first)] = 1 }
        isAny = true
        index += 1
      }
    case .compressed(let dump): isAny = try dump.mark(from: first, in: &marks)
    }
    return isAny
  }

  /// The first page of RAM at or behind `frame`; nil when there is none.
  func memory(from frame: UInt64) throws(CrashImageError) -> UInt64? {
    switch contents {
    case .elf(let dump):
      let index = dump.frames.partition { $0.upperBound > frame }
      return index < dump.frames.count ? max(frame, dump.frames[index].lowerBound) : nil
    case .compressed(let dump): return try dump.memory(from: frame)
    }
  }

  /// The first page at or behind `frame` of which something is in the file; nil when there is none.
  func stored(from frame: UInt64) throws(CrashImageError) -> UInt64? {
    switch contents {
    case .elf(let dump): return dump.stored(from: frame)
    case .compressed(let dump): return try dump.stored(from: frame)
    }
  }

  /// The page number behind the last of those that are in the file, from `frame` on, which is one of them.
  func storedEnd(from frame: UInt64) throws(CrashImageError) -> UInt64 {
    switch contents {
    case .elf(let dump): return dump.storedEnd(from: frame)
    case .compressed(let dump): return try dump.storedEnd(from: frame)
    }
  }

  /// Whole pages from the page `first` on that lie side by side: at least one, at most `count` and a window. What the
  /// dump does not have of a page is zero.
  ///
  /// - Throws: if the first page cannot be read, or the dump has nothing of it.
  func pages(from first: UInt64, count: Int) throws(CrashImageError) -> SharedBytes {
    let start = first << 12
    var page: [UInt8] = []
    do {
      let bytes = try run(at: start, count: count << 12)
      if bytes.count >= 4096 { return try bytes.part(0..<(bytes.count & ~4095)) }
      page = bytes.array
    } catch {
      guard case .notInDump = error, case .elf = contents else { throw error }
    }
    // RAM can begin and end inside a page.
    guard case .elf(let dump) = contents else { throw .notInDump(physical: start) }
    var hasAny = !page.isEmpty
    while page.count < 4096, let next = dump.stored(behind: start + UInt64(page.count)),
      next < start + 4096
    {
      page += [UInt8](repeating: 0, count: Int(next - start) - page.count)
      page += try run(at: next, count: 4096 - page.count).array
      hasAny = true
    }
    guard hasAny else { throw .notInDump(physical: start) }
    page += [UInt8](repeating: 0, count: 4096 - page.count)
    return SharedBytes(page)
  }
}

/// Where the memory is, by format.
enum DumpContents {
  case elf(ELFDump)
  case compressed(CompressedDump)
}
