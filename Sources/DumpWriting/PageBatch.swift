internal import ByteCoding
internal import Compression

/// Pages that follow each other in a dump, on their way from the source to the file.
///
/// Those that must be compressed are compressed by one of the threads, while nobody else uses the batch.
final class PageBatch: @unchecked Sendable {
  // SAFETY: the thread that fills it and writes it hands it to one worker in between: `OrderedWork`.

  /// What becomes of a page.
  enum Item {
    /// Its data is the next of those that were compressed; it has this place in the table of known pages.
    case compressed(slot: Int)
    /// It has the data of another page.
    case known(PageData)
    /// It has the data of the compressed page with that number, which comes earlier.
    case same(ordinal: UInt64)
  }

  /// The pages, also those that need not be compressed.
  private(set) var items: [Item] = []
  /// How many of them are compressed.
  private(set) var pageCount = 0
  /// Bytes of the compressed pages, one behind the other.
  private(set) var byteCount = 0

  private var sources: [SharedBytes] = []
  /// What the pages are part of that are added now, as long as none of them must be compressed.
  private var unused: SharedBytes?
  /// Where each page that is compressed starts, in which of the sources.
  private var places: [(source: Int, offset: Int)] = []
  private var sizes: [Int] = []
  private var space: OwnedBytes

  /// The most pages that are compressed.
  static let pageLimit = 64
  /// The most pages in all: what they are part of stays in memory until they are compressed.
  static let itemLimit = 1024

  init() throws(OutOfMemory) {
    space = try OwnedBytes(zeros: Self.pageLimit * 4096 + PageCompressor.workSpace)
    items.reserveCapacity(Self.pageLimit)
    places.reserveCapacity(Self.pageLimit)
    sizes.reserveCapacity(Self.pageLimit)
  }

  /// Whether it takes no more pages.
  var isFull: Bool { pageCount == Self.pageLimit || items.count == Self.itemLimit }

  /// Adds a page that need not be compressed.
  func append(_ item: Item) { items.append(item) }

  /// Adds the page at `offset` of what is in use, which is the table's entry `slot`.
  func append(at offset: Int, slot: Int) {
    items.append(.compressed(slot: slot))
    if let unused { sources.append(unused) }
    unused = nil
    places.append((sources.count - 1, offset))
    pageCount += 1
  }

  /// What the pages are part of that were added last.
  var source: SharedBytes? { unused ?? sources.last }

  /// The pages that are added now are those of `source`.
  func use(_ source: SharedBytes) { unused = source }

  /// Makes it empty.
  func clear() {
    items.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
    sizes.removeAll(keepingCapacity: true)
    sources.removeAll(keepingCapacity: true)
    unused = nil
    (pageCount, byteCount) = (0, 0)
  }

  /// Bytes that the page `number` of those that are compressed has in the file.
  func size(_ number: Int) -> Int { sizes[number] }

  /// Compresses the pages; without a compressor, copies them.
  func compress(_ compressor: PageCompressor?) {
    var end = 0
    compressor?.begin()
    unsafe space.withUnsafeMutableBytes { space in
      for place in places {
        unsafe sources[place.source].withUnsafeBytes { source in
          let page = unsafe UnsafeRawBufferPointer(
            rebasing: source[place.offset..<(place.offset + 4096)])
          let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: space[end...])
          let size = unsafe compressor?.compress(page, into: rest) ?? 4096
          if size == 4096 { unsafe rest.copyMemory(from: page) }
          sizes.append(size)
          end += size
        }
      }
    }
    byteCount = end
    // The memory of the source is not needed any more.
    sources.removeAll(keepingCapacity: true)
    unused = nil
  }

  /// Calls `body` with the compressed pages.
  func withBytes<Failure: Error>(
    _ body: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    try space.withBytes(byteCount, body)
  }
}

/// Where the data of a page is in a file.
struct PageData {
  var offset: UInt64
  var size: UInt32
  var flags: UInt32
}

extension OwnedBytes {
  /// Calls `body` with the first `count` bytes.
  func withBytes<Failure: Error>(
    _ count: Int, _ body: (RawSpan) throws(Failure) -> Void
  ) throws(Failure) {
    try body(span.extracting(0..<count))
  }
}
