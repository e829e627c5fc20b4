/// Follows the members of archives in the "newc" format, one behind the other, through bytes that come
/// a segment at a time; it keeps none of the members.
///
/// Documented in Documentation/driver-api/early-userspace/buffer-format.rst. Zeros between archives are
/// passed over.
package struct CpioWalk {
  /// What follows in the bytes.
  private enum State {
    /// A member, an archive or zeros.
    case between
    /// The rest of a member's header.
    case header
    /// The rest of its name, and that many bytes of contents behind it.
    case name(size: Int, contents: Int)
    /// This many bytes of contents, then zeros up to a multiple of four, perhaps of an archive's last
    /// member.
    case contents(Int, padding: Int, isLast: Bool)
    /// Something else than archives.
    case other
  }

  private static let headerSize = 110
  private static let fileSizeOffset = 54
  private static let nameSizeOffset = 94
  private static let trailer = Array("TRAILER!!!".utf8) + [0]
  /// No path of Linux is longer, with its terminator.
  private static let nameLimit = 4096

  private var state = State.between
  /// What has come of the current header or name.
  private var pending: [UInt8] = []
  /// How many bytes have been followed.
  package private(set) var offset = 0
  /// How many members have begun, the trailers of archives among them.
  package private(set) var memberCount = 0
  /// Whether to stop behind the first archive.
  private let isForOne: Bool
  /// Whether the first archive is behind.
  private var isBehindArchive = false

  /// A walk through all archives, or through `onlyFirst` one.
  package init(onlyFirst: Bool = false) {
    isForOne = onlyFirst
  }

  /// Whether it stands inside a member: bytes that end here are cut off. What fills a member up to a
  /// multiple of four may be missing at the end.
  package var isInsideMember: Bool {
    switch state {
    case .between, .other: false
    case .contents(let count, _, _): count > 0
    case .header, .name: true
    }
  }

  /// Whether an archive has come to its end.
  package var hasEndedArchive: Bool {
    if case .contents(0, _, isLast: true) = state { true } else { isBehindArchive }
  }

  /// Whether it has come to bytes, at `offset`, that are neither a member nor zeros.
  package var isAtOther: Bool {
    if case .other = state { true } else { false }
  }

  /// Goes on through `bytes`, and calls `visit` with the name of each member, without its terminator.
  ///
  /// It stops before what is no archive, and behind the first archive where only that is wanted.
  package mutating func follow(_ bytes: RawSpan, _ visit: (ArraySlice<UInt8>) -> Void) {
    var position = 0
    while position < bytes.byteCount {
      switch state {
      case .other: return
      case .between:
        if isBehindArchive && isForOne { return }
        if byte(bytes, position) == 0 {
          advance(zeros(bytes, from: position), &position)
        } else if offset % 4 == 0, byte(bytes, position) == UInt8(ascii: "0") {
          state = .header
          pending.removeAll(keepingCapacity: true)
        } else {
          state = .other
        }
      case .header:
        take(Self.headerSize, bytes, &position)
        if !isBeginningOfHeader { return endAtOther() }
        guard pending.count == Self.headerSize else { break }
        guard let contents = number(at: Self.fileSizeOffset),
          let size = number(at: Self.nameSizeOffset), size > 0, size <= Self.nameLimit
        else { return endAtOther() }
        memberCount += 1
        state = .name(size: size, contents: contents)
        pending.removeAll(keepingCapacity: true)
      case .name(let size, let contents):
        take(size, bytes, &position)
        guard pending.count == size else { break }
        let isLast = pending == Self.trailer
        if !isLast { visit(pending.dropLast()) }
        // There are zeros behind the name, too, if contents follow.
        let padding = -(Self.headerSize + size) & 3
        pass(
          contents > 0 ? contents + padding : 0,
          padding: contents > 0 ? -contents & 3 : padding, isLast: isLast)
      case .contents(let count, let padding, let isLast):
        let step = min(count, bytes.byteCount - position)
        let zeros = min(padding, bytes.byteCount - position - step)
        advance(step + zeros, &position)
        pass(count - step, padding: padding - zeros, isLast: isLast)
      }
    }
  }

  private mutating func pass(_ count: Int, padding: Int, isLast: Bool) {
    if count + padding > 0 {
      state = .contents(count, padding: padding, isLast: isLast)
    } else {
      state = .between
      isBehindArchive = isBehindArchive || isLast
    }
  }

  /// The header that has begun is none: what it began with belongs to something else.
  private mutating func endAtOther() {
    offset -= pending.count
    state = .other
  }

  /// Adds to `pending` until it has `count` bytes, or `bytes` end.
  private mutating func take(_ count: Int, _ bytes: RawSpan, _ position: inout Int) {
    let step = min(count - pending.count, bytes.byteCount - position)
    for index in position..<(position + step) { pending.append(byte(bytes, index)) }
    advance(step, &position)
  }

  private mutating func advance(_ count: Int, _ position: inout Int) {
    position += count
    offset += count
  }

  /// "070701", or "070702" for an archive with checksums, as far as it has come.
  private var isBeginningOfHeader: Bool {
    pending.prefix(5).elementsEqual(Array("07070".utf8).prefix(pending.count))
      && (pending.count < 6 || pending[5] == UInt8(ascii: "1") || pending[5] == UInt8(ascii: "2"))
  }

  /// Eight hexadecimal digits of the header. A sign is none of them: a size below zero would lead
  /// backwards.
  private func number(at offset: Int) -> Int? {
    var number = 0
    for digit in pending[offset..<(offset + 8)] {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): number = (number << 4) | Int(digit & 0xF)
      case UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "a")...UInt8(ascii: "f"):
        number = (number << 4) | (Int(digit & 0xF) + 9)
      default: return nil
      }
    }
    return number
  }

  /// How many zeros there are from `position` on, of which there is one at least.
  private func zeros(_ bytes: RawSpan, from position: Int) -> Int {
    var end = position + 1
    while end <= bytes.byteCount - 8,
      // SAFETY: the eight bytes are inside.
      unsafe bytes.unsafeLoadUnaligned(fromByteOffset: end, as: UInt64.self) == 0
    { end += 8 }
    while end < bytes.byteCount, byte(bytes, end) == 0 { end += 1 }
    return end - position
  }

  private func byte(_ bytes: RawSpan, _ position: Int) -> UInt8 {
    // SAFETY: every caller has compared the position with the span's length.
    unsafe bytes.unsafeLoad(fromByteOffset: position, as: UInt8.self)
  }
}
