package import ByteCoding
package import CrashDumps
internal import ELFFormat

/// Reads a dump that was written back, and names what is wrong with it. It takes ELF files, kdump-compressed files, and
/// both flattened.
package struct DumpChecker {
  /// How many pages' data are looked at.
  package enum Extent: Equatable, Sendable {
    /// So many pages, evenly spread, beside all headers, maps and descriptors.
    case samples(UInt64)
    /// Every page.
    case all

    /// Of how many of `count` pages one is looked at.
    func step(of count: UInt64) -> UInt64 {
      switch self {
      case .all: 1
      case .samples(let samples): max(1, count / max(samples, 1))
      }
    }
  }

  /// What was looked at and found.
  package struct Result: Equatable, Sendable {
    /// Pages that the file promises.
    package internal(set) var promisedPages: UInt64 = 0
    /// Pages whose data was looked at.
    package internal(set) var checkedPages: UInt64 = 0
    /// Pages that the file promises and does not have: a writer could not read them, or did not come so far.
    package internal(set) var missingPages: UInt64 = 0
    /// Whether the file says itself that it is not complete.
    package internal(set) var isMarkedIncomplete = false
    /// The faults in the order in which they were found, at most `faultLimit`.
    package internal(set) var faults: [DumpFault] = []
    /// How many faults there are.
    package internal(set) var faultCount: UInt64 = 0

    /// How many faults are named.
    package static let faultLimit = 100

    /// Adds a fault.
    package mutating func note(_ fault: DumpFault) {
      faultCount += 1
      if faults.count < Self.faultLimit { faults.append(fault) }
    }
  }

  /// The headers of the file.
  enum Headers {
    case compressed(CompressedHeader)
    case elf(ELFHeaders, flags: UInt64)
  }

  let file: RandomAccessFile
  let headers: Headers
  private let hasEnd: Bool

  /// Reads the headers of `file`.
  ///
  /// - Throws: if they cannot be read.
  package init(_ file: RandomAccessFile) throws(CrashImageError) {
    var inner = file
    var hasEnd = true
    if FlattenedFile.isRecognised(file) {
      let flattened = try FlattenedFile(file)
      (inner, hasEnd) = (flattened.file, flattened.isComplete)
    }
    self.file = inner
    self.hasEnd = hasEnd
    let start = try inner.start(64)
    let magic = (try? start.span.load(UInt64.self, at: 0)) ?? 0
    if magic == CompressedLayout.magicValue {
      headers = .compressed(try CompressedHeader(inner))
      return
    }
    guard ELFHeaders.isRecognised(in: start.span) else { throw .otherFormat(magic) }
    do throws(ELFError) {
      let size = ELFHeaders.byteCount(ofFileStartingWith: start.span) ?? 64
      guard let table = try? inner.start(size) else {
        throw .truncated(.programHeaders, needs: size, has: Int(clamping: inner.byteCount))
      }
      let headers = try ELFHeaders(table.span)
      let flags = (try? start.span.load(ELFLayout.File.flags, headers.width)) ?? 0
      self.headers = .elf(headers, flags: flags)
    } catch {
      throw .elf(error)
    }
  }

  /// Reads the file: its headers, maps and descriptors, and the data of some pages or all.
  ///
  /// If `written` says what was written, the whole file must have its hashes; the incomplete mark, if it is still there, is
  /// taken for dropped; chunks from `end` on were looked at before. Pages whose data are looked at must be those of
  /// `source`, if there is one. `progress` is called on this thread, some hundred times.
  package func check(
    _ written: WrittenDump? = nil, before end: UInt64 = .max, against source: CrashImage? = nil,
    extent: Extent,
    progress: (DumpProgress) -> Void = { _ in }
  ) -> Result {
    var result = Result()
    if !hasEnd { result.note(.noEnd) }
    // What is another than was written says less of itself.
    if let written { check(written, before: end, &result, progress) }
    switch headers {
    case .compressed(let header):
      var check = CompressedCheck(file, header, source, extent)
      check.run(&result, progress)
    case .elf(let headers, let flags):
      result.isMarkedIncomplete = flags & ELFLayout.File.isIncomplete != 0
      check(headers, against: source, extent, &result, progress)
    }
    return result
  }

  /// Compares the hashes of all chunks.
  private func check(
    _ written: WrittenDump, before limit: UInt64, _ result: inout Result,
    _ progress: (DumpProgress) -> Void
  ) {
    if file.byteCount < written.byteCount {
      result.note(.truncated(promised: written.byteCount, has: file.byteCount))
    }
    let mark = written.mark
    for chunk in written.chunks where chunk.offset < limit {
      var hasher = ChunkHasher(from: chunk.offset, isUsed: true)
      let end = chunk.offset + chunk.byteCount
      var position = chunk.offset
      while position < end {
        let size = Int(min(end - position, UInt64(Self.windowSize)))
        guard let bytes = result.read(file, at: position, count: size) else { break }
        let first = Int(clamping: mark.offset) - Int(clamping: position)
        let last = first + mark.bytes.count
        // The mark is never cut by the end of a window.
        if mark.offset >= position, last <= size {
          hasher.update(bytes.span.extracting(0..<first))
          hasher.update(mark.bytes)
          hasher.update(bytes.span.extracting(last..<size))
        } else {
          hasher.update(bytes.span)
        }
        position += UInt64(size)
      }
      hasher.finish()
      if position == end, hasher.chunks.first?.digest != chunk.digest {
        result.note(.otherDigest(offset: chunk.offset, byteCount: chunk.byteCount))
      }
      progress(
        DumpProgress(
          donePages: result.promisedPages, allPages: result.promisedPages, byteCount: end))
    }
  }

  /// Bytes that are read at once.
  static let windowSize: Int = .mebibytes(1)
}

extension DumpChecker.Result {
  /// Bytes of the file; nil, and a fault, if they cannot be read.
  mutating func read(_ file: RandomAccessFile, at offset: UInt64, count: Int) -> SharedBytes? {
    do {
      return try file.bytes(at: offset, count: count)
    } catch {
      note(.unreadable(offset: error.offset, errno: error.errno))
      return nil
    }
  }

  /// Looks for VMCOREINFO in the notes.
  mutating func checkNotes(_ notes: Range<UInt64>, of file: RandomAccessFile) {
    let size = Int(clamping: notes.upperBound - notes.lowerBound)
    guard size <= .mebibytes(64), let bytes = try? file.bytes(at: notes.lowerBound, count: size),
      bytes.span.notes.contains(where: { $0.name == Array("VMCOREINFO".utf8) })
    else {
      note(.noInformation(offset: notes.lowerBound))
      return
    }
  }
}

extension RandomAccessFile {
  /// The first `count` bytes, or as many as there are.
  fileprivate func start(_ count: Int) throws(CrashImageError) -> SharedBytes {
    do {
      return try bytes(at: 0, count: Int(min(UInt64(count), byteCount)))
    } catch {
      throw .unreadable(offset: error.offset, errno: error.errno)
    }
  }
}
