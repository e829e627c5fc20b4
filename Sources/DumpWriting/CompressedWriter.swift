internal import ByteCoding
internal import Compression
internal import CrashDumps
internal import Digests
internal import Threads

/// Writes a kdump-compressed file of version 6.
///
/// The order is: headers with the incomplete mark, both maps, then pages, and behind many of them their descriptors.
/// So the file can be read whenever writing ends: what is not there has a descriptor of zeros.
final class CompressedWriter {
  private typealias Descriptor = CompressedLayout.Descriptor

  private let image: CrashImage
  private let selection: PageSelection
  private let output: RandomAccessOutput
  private let isBlank: Bool
  private let headers: CompressedHeaders
  private let progress: (DumpProgress) -> Void

  private let work: OrderedWork
  private let batches: [PageBatch]
  /// How many batches were submitted, and written.
  private var (submitted, written) = (0, 0)
  private var batch: PageBatch
  private var known: KnownPages
  /// How many pages were given data of their own when they were read, and when they were written.
  private var (readOrdinal, writtenOrdinal): (UInt64, UInt64) = (0, 0)

  private var head: ChunkHasher
  private var data: ChunkHasher
  private var result = WrittenDump()
  private var pageCount: UInt64 = 0
  private var (readPages, donePages): (UInt64, UInt64) = (0, 0)
  /// Where the next descriptor belongs in the file, and those that are not written yet.
  private var nextDescriptor: UInt64 = 0
  private var descriptors: DescriptorBuffer
  private var zeroPage = PageData(offset: 0, size: 4096, flags: 0)

  /// Pages of a window: with more, more is in memory at once; fewer take more system calls.
  private static let windowPages: UInt64 = 256
  /// Pages that others can share.
  private static let knownPages = 32_768
  /// Descriptors that are written at once.
  private static let descriptorCount = 2048

  init(
    _ image: CrashImage, _ selection: PageSelection, level: DumpLevel,
    compression: PageCompression?, options: DumpWriter.Options,
    to output: RandomAccessOutput, progress: @escaping (DumpProgress) -> Void
  ) throws(DumpWriteError) {
    self.image = image
    self.selection = selection
    self.output = output
    isBlank = options.isBlank
    self.progress = progress
    headers = CompressedHeaders(image, level: level, compression: compression)
    head = ChunkHasher(from: 0, isUsed: options.hashesChunks)
    data = ChunkHasher(from: 0, isUsed: options.hashesChunks)

    // Pages that are only copied would gain nothing.
    let threads = compression == nil ? 1 : max(options.threads, 1)
    var batches: [PageBatch] = []
    var compressors: [PageCompressor] = []
    do {
      for _ in 0..<(threads == 1 ? 1 : 2 * threads + 1) { batches.append(try PageBatch()) }
      if let compression {
        for _ in 0..<threads { compressors.append(try PageCompressor(compression)) }
      }
      descriptors = try DescriptorBuffer(count: Self.descriptorCount)
    } catch {
      throw .outOfMemory(wanted: error.wanted)
    }
    self.batches = batches
    batch = batches[0]
    // Twice as many as can be on their way.
    var pendingCount = 2 * PageBatch.pageLimit
    while pendingCount < 2 * PageBatch.pageLimit * (batches.count + 1) { pendingCount *= 2 }
    known = KnownPages(entryCount: Self.knownPages, pendingCount: pendingCount)
    let workers = CompressionWorkers(batches: batches, compressors: compressors)
    work = OrderedWork(threads: threads, slotCount: batches.count) { (slot, worker) in
      workers.compress(slot, worker)
    }
  }

  /// Writes the file.
  func write() throws(DumpWriteError) -> WrittenDump {
    defer { work.stop() }
    try writeHead()
    try asOutput { () throws(WriteFailure) in try writeZeroPage() }
    try asSource { () throws(CrashImageError) in try selection.restart() }
    while try nextSection() {
      var pages = SelectedPages(
        selection.words, from: selection.firstFrame, windowPages: Self.windowPages)
      while let window = pages.next() { try read(window, of: pages) }
    }
    guard selection.isSame, readPages == pageCount else { throw .sourceChanged }
    try submit()
    while work.pendingCount > 0 { try takeOldest() }
    try asOutput { () throws(WriteFailure) in try flushDescriptors() }
    head.finish()
    data.finish()
    result.chunks = head.chunks + data.chunks
    result.leftOutPerCPU = selection.leftOutPerCPU
    var mark: [UInt8] = []
    mark.append(littleEndian: headers.status)
    result.mark = WrittenDump.Patch(offset: headers.statusOffset, bytes: mark)
    return result
  }

  // MARK: - Headers, maps and the space for descriptors

  private func writeHead() throws(DumpWriteError) {
    try asOutput { () throws(WriteFailure) in try output.write(headers.incomplete, at: 0) }
    head.update(headers.bytes)

    var memory = MapWriter(
      at: headers.maps, byteCount: headers.mapSize, in: output, isBlank: isBlank)
    var section: [UInt8] = Array(repeating: 0, count: 32_768)
    var next = try asSource { () throws(CrashImageError) in try image.firstMemory(from: 0) }
    while let frame = next {
      let first = frame & ~32_767
      next = try asSource { () throws(CrashImageError) in
        _ = try image.markMemory(from: first, in: &section)
        return try image.firstMemory(from: first + 32_768)
      }
      let words = section.bits
      try asOutput { () throws(WriteFailure) in try memory.append(words, from: first, &head) }
    }
    try asOutput { () throws(WriteFailure) in try memory.finish(&head) }

    var stored = MapWriter(
      at: headers.maps + headers.mapSize, byteCount: headers.mapSize, in: output,
      isBlank: isBlank)
    while try nextSection() {
      try asOutput { () throws(WriteFailure) in
        try stored.append(selection.words, from: selection.firstFrame, &head)
      }
    }
    try asOutput { () throws(WriteFailure) in try stored.finish(&head) }
    pageCount = stored.bitCount
    nextDescriptor = headers.descriptors
    let tableSize = pageCount * UInt64(Descriptor.size)
    result.byteCount = headers.descriptors + tableSize
    result.dataStart = result.byteCount
    data = ChunkHasher(from: result.byteCount, isUsed: data.isUsed)
    if !isBlank {
      try asOutput { () throws(WriteFailure) in
        try output.write(zeros: tableSize, at: headers.descriptors)
      }
    }
  }

  /// The page that all pages of zeros share is the first.
  private func writeZeroPage() throws(WriteFailure) {
    zeroPage.offset = result.byteCount
    let page = SharedBytes([UInt8](repeating: 0, count: 4096))
    try output.write(page.span, at: result.byteCount)
    data.update(page.span)
    result.byteCount += 4096
  }

  private func nextSection() throws(DumpWriteError) -> Bool {
    try asSource { () throws(CrashImageError) in try selection.next() }
  }

  // MARK: - Reading

  /// Reads the pages in `window` that are wanted.
  private func read(
    _ window: Range<UInt64>, of pages: SelectedPages
  ) throws(DumpWriteError) {
    var frame = window.lowerBound
    // After an error page by page: one that cannot be read must not cost others.
    var isBroken = false
    while frame < window.upperBound {
      guard pages.contains(frame) else {
        frame += 1
        continue
      }
      let count = isBroken ? 1 : Int(window.upperBound - frame)
      guard let source = try? image.pages(from: frame, count: count) else {
        if count == 1 {
          try noteUnreadable(frame)
          frame += 1
        }
        isBroken = true
        continue
      }
      batch.use(source)
      for index in 0..<(source.count >> 12) {
        if pages.contains(frame) { try add(frame, source, at: index << 12) }
        frame += 1
      }
    }
  }

  private func noteUnreadable(_ frame: UInt64) throws(DumpWriteError) {
    result.noteUnreadable(frame)
    try add(.known(PageData(offset: 0, size: 0, flags: 0)))
  }

  /// Adds the page `frame`, which is at `offset` of `source`.
  private func add(
    _ frame: UInt64, _ source: SharedBytes, at offset: Int
  ) throws(DumpWriteError) {
    let range = offset..<(offset + 4096)
    let bytes = source.span
    if bytes.isZero(range) {
      result.zeroPages += 1
      try add(.known(zeroPage))
      return
    }
    var digest = Komihash()
    digest.update(bytes.extracting(range))
    let hash = max(digest.finish(), 1)
    let slot = known.slot(of: hash)
    if let entry = known.entry(slot, with: hash),
      let other = try? image.pages(from: entry.frame, count: 1),
      bytes.equals(range, other.span)
    {
      result.sharedPages += 1
      try add(entry.data.map { .known($0) } ?? .same(ordinal: entry.ordinal))
      return
    }
    known.set(slot, KnownPages.Entry(hash: hash, frame: frame, ordinal: readOrdinal))
    readOrdinal += 1
    result.storedPages += 1
    batch.append(at: offset, slot: slot)
    try noteAdded()
  }

  private func add(_ item: PageBatch.Item) throws(DumpWriteError) {
    batch.append(item)
    try noteAdded()
  }

  /// Submits the batch when it is full; the next one takes pages of the same source.
  private func noteAdded() throws(DumpWriteError) {
    readPages += 1
    guard readPages <= pageCount else { throw .sourceChanged }
    guard batch.isFull else { return }
    let open = batch.source
    try submit()
    if let open { batch.use(open) }
  }

  // MARK: - Writing

  /// Hands the batch to the threads, and makes space for the next.
  private func submit() throws(DumpWriteError) {
    work.submit()
    submitted += 1
    if !work.hasSpace { try takeOldest() }
    batch = batches[submitted % batches.count]
    batch.clear()
  }

  /// Waits for the oldest batch, and writes it.
  private func takeOldest() throws(DumpWriteError) {
    work.take()
    let batch = batches[written % batches.count]
    written += 1
    try asOutput { () throws(WriteFailure) in try write(batch) }
  }

  private func write(_ batch: PageBatch) throws(WriteFailure) {
    let start = result.byteCount
    try batch.withBytes { (bytes) throws(WriteFailure) in
      try output.write(bytes, at: start)
      data.update(bytes)
    }
    var (place, number) = (start, 0)
    for item in batch.items {
      let page: PageData
      switch item {
      case .known(let data): page = data
      case .same(let ordinal): page = known.data(of: ordinal)
      case .compressed(let slot):
        let size = UInt32(batch.size(number))
        page = PageData(offset: place, size: size, flags: size == 4096 ? 0 : headers.status)
        known.set(page, of: writtenOrdinal, slot: slot)
        writtenOrdinal += 1
        number += 1
        place += UInt64(size)
      }
      descriptors.append(page)
      if descriptors.isFull { try flushDescriptors() }
    }
    result.byteCount = place
    donePages += UInt64(batch.items.count)
  }

  /// Writes the descriptors of pages that are in the file.
  private func flushDescriptors() throws(WriteFailure) {
    try descriptors.withBytes { (bytes) throws(WriteFailure) in
      try output.write(bytes, at: nextDescriptor)
      head.update(bytes)
    }
    nextDescriptor += UInt64(descriptors.byteCount)
    descriptors.clear()
    progress(
      DumpProgress(
        donePages: donePages, allPages: pageCount, byteCount: result.byteCount,
        dataStart: result.dataStart))
  }

  private func asOutput<Value>(
    _ body: () throws(WriteFailure) -> Value
  ) throws(DumpWriteError) -> Value {
    do {
      return try body()
    } catch {
      throw .output(error)
    }
  }

  private func asSource<Value>(
    _ body: () throws(CrashImageError) -> Value
  ) throws(DumpWriteError) -> Value {
    do {
      return try body()
    } catch {
      throw .source(error)
    }
  }
}

/// The batches and compressors of all threads. SAFETY: each thread has a compressor of its own, and each batch one thread
/// at a time.
private final class CompressionWorkers: @unchecked Sendable {
  private let batches: [PageBatch]
  private let compressors: [PageCompressor]

  init(batches: [PageBatch], compressors: [PageCompressor]) {
    self.batches = batches
    self.compressors = compressors
  }

  func compress(_ slot: Int, _ worker: Int) {
    batches[slot].compress(worker < compressors.count ? compressors[worker] : nil)
  }
}
