/// Finds the members of archives in the "newc" format, one behind the other, in bytes that arrive in chunks.
/// It keeps no members.
///
/// Documented in Documentation/driver-api/early-userspace/buffer-format.rst. Zeros between archives are
/// skipped.
package struct CpioWalk {
  /// What follows in the bytes.
  private enum State {
    /// A member, an archive or zeros.
    case between
    /// The rest of a member's header.
    case header
    /// The rest of its name, and that many bytes of contents behind it.
    case name(size: Int, contents: Int)
    /// This many bytes of contents, then zeros up to a multiple of four; `isLast` for the trailer of an
    /// archive.
    case contents(Int, padding: Int, isLast: Bool)
    /// Something that is not an archive.
    case other
  }

  private static let headerSize = 110
  private static let fileSizeOffset = 54
  private static let nameSizeOffset = 94
  private static let trailer = Array("TRAILER!!!".utf8) + [0]
  /// The longest path in Linux, with its terminator.
  private static let nameLimit = 4096

  private var state = State.between
  /// The bytes of the current header or name so far.
  private var pending: [UInt8] = []
  /// How many bytes have been processed.
  package private(set) var offset = 0
  /// How many members have begun, including the trailers of archives.
  package private(set) var memberCount = 0
  /// Whether to stop after the first archive.
  private let isForOne: Bool
  /// Whether the first archive has ended.
  private var isBehindArchive = false

  /// A walk through all archives, or through `onlyFirst` one.
  package init(onlyFirst: Bool = false) {
    isForOne = onlyFirst
  }

  /// Whether the position is inside a member, so that bytes that end here are cut off. The zeros that fill a
  /// member up to a multiple of four may be missing at the end.
  package var isInsideMember: Bool {
    switch state {
    case .between, .other: false
    case .contents(let count, _, _): count > 0
    case .header, .name: true
    }
  }

  /// Whether an archive has ended.
  package var hasEndedArchive: Bool {
    if case .contents(0, _, isLast: true) = state { true } else { isBehindArchive }
  }

  /// Whether the bytes at `offset` are neither a member nor zeros.
  package var isAtOther: Bool {
    if case .other = state { true } else { false }
  }

  /// Processes the next `bytes`, and calls `visit` with the name of each member, without its terminator.
  ///
  /// It stops before bytes that are not an archive, and after the first archive if only that is wanted.
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
        // If contents follow, there are zeros behind the name too.
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

  /// What looked like a header is not one: its bytes belong to something else.
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

  /// Whether the bytes so far can be "070701", or "070702" for an archive with checksums.
  private var isBeginningOfHeader: Bool {
    pending.prefix(5).elementsEqual(Array("07070".utf8).prefix(pending.count))
      && (pending.count < 6 || pending[5] == UInt8(ascii: "1") || pending[5] == UInt8(ascii: "2"))
  }

  /// Eight hexadecimal digits of the header. A sign is not allowed: a negative size would lead backwards.
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

  /// How many zeros there are from `position` on; there is at least one.
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
