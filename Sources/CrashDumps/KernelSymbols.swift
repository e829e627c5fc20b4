internal import ByteCoding

/// Addresses of symbols that VMCOREINFO does not tell, from the kernel's own table (kallsyms).
///
/// Names are compressed: each byte of a name stands for a token. The first character of a name is the symbol's kind.
struct KernelSymbols {
  /// The addresses of those that were found.
  private(set) var addresses: [String: UInt64] = [:]

  /// More symbols than a kernel has.
  private static let symbolLimit: UInt32 = 1 << 22

  /// Looks for the symbols with the names `wanted`.
  init(_ wanted: [String], in image: CrashImage) throws(CrashImageError) {
    let information = image.information
    let start = try information.requiredSymbol("kallsyms_names")
    let tokenTable = try information.requiredSymbol("kallsyms_token_table")
    let tokenIndex = try information.requiredSymbol("kallsyms_token_index")
    let offsets = try information.requiredSymbol("kallsyms_offsets")
    let count = try image.load(
      UInt32.self, at: try information.requiredSymbol("kallsyms_num_syms"))
    guard count <= Self.symbolLimit else { throw .tooLarge(virtual: start, count: Int(count)) }

    let tokens = try Self.tokens(table: tokenTable, index: tokenIndex, in: image)
    // The names end before the next table.
    var size = UInt64(count) * 20
    for table in [tokenTable, tokenIndex, offsets] where table > start {
      size = min(size, table - start)
    }
    let indices = try Self.find(
      wanted + ["_stext"], count: Int(count), tokens: tokens,
      names: try Self.span(from: start, count: Int(size), in: image))

    func offset(_ index: Int) throws(CrashImageError) -> Int32 {
      try image.load(Int32.self, at: offsets &+ 4 * UInt64(index))
    }
    let base: UInt64?
    if let pointer = information.symbol("kallsyms_relative_base") {
      base = try image.load(UInt64.self, at: pointer)
    } else {
      base = nil
    }
    guard let known = information.symbol("_stext"), let index = indices["_stext"],
      let form = Form.matching(try offset(index), index, base: base, table: offsets, known)
    else { throw .missingKey("SYMBOL(_stext)") }
    for name in wanted {
      guard let index = indices[name] else { continue }
      addresses[name] = form.address(try offset(index), index, base: base, table: offsets)
    }
  }

  /// How offsets become addresses. Which it is depends on the release and the kernel's configuration.
  private enum Form {
    case ownPosition
    case relative
    case absoluteForEachProcessor

    static func matching(
      _ offset: Int32, _ index: Int, base: UInt64?, table: UInt64, _ known: UInt64
    ) -> Form? {
      for form in [Form.ownPosition, .relative, .absoluteForEachProcessor]
      where form.address(offset, index, base: base, table: table) == known {
        return form
      }
      return nil
    }

    func address(_ offset: Int32, _ index: Int, base: UInt64?, table: UInt64) -> UInt64? {
      let signed = UInt64(bitPattern: Int64(offset))
      switch self {
      case .ownPosition: return base == nil ? table &+ 4 * UInt64(index) &+ signed : nil
      case .relative: return base.map { $0 &+ UInt64(UInt32(bitPattern: offset)) }
      case .absoluteForEachProcessor: return offset < 0 ? base.map { $0 &- 1 &- signed } : signed
      }
    }
  }

  /// Bytes of the kernel's image, which lie side by side.
  private static func span(
    from virtual: UInt64, count: Int, in image: CrashImage
  ) throws(CrashImageError) -> SharedBytes {
    let run = try image.run(at: virtual, count: count)
    return run.count == count ? run : SharedBytes(try image.bytes(at: virtual, count: count))
  }

  /// What each byte of a compressed name stands for.
  private struct Tokens {
    let bytes: [UInt8]
    /// Where each token starts and ends in `bytes`.
    let starts: [Int]
    let ends: [Int]
  }

  private static func tokens(
    table: UInt64, index: UInt64, in image: CrashImage
  ) throws(CrashImageError) -> Tokens {
    let places = try image.bytes(at: index, count: 512)
    let last = Int(places.loadField(Field<UInt16>(510)))
    let bytes = try image.bytes(at: table, count: last + 64)
    let starts = (0..<256).map { min(Int(places.loadField(Field<UInt16>(2 * $0))), bytes.count) }
    let ends = starts.map { bytes[$0...].firstIndex(of: 0) ?? bytes.count }
    return Tokens(bytes: bytes, starts: starts, ends: ends)
  }

  /// The numbers of the symbols with those names.
  ///
  /// A kernel has 100000 symbols and more. Each name is compared with all wanted ones at once, of which each is a bit,
  /// until none is left: nearly always that is the first letter.
  private static func find(
    _ wanted: [String], count: Int, tokens: Tokens, names: SharedBytes
  ) throws(CrashImageError) -> [String: Int] {
    let patterns = wanted.map { Array($0.utf8) }
    let longest = patterns.reduce(0) { max($0, $1.count) }
    // The wanted names that have a letter at a place, and those of a length.
    var letters = [UInt64](repeating: 0, count: 256 * (longest + 1))
    var lengths = [UInt64](repeating: 0, count: longest + 1)
    for (number, pattern) in patterns.enumerated() {
      for (place, letter) in pattern.enumerated() {
        letters[256 * place + Int(letter)] |= 1 << UInt64(number)
      }
      lengths[pattern.count] |= 1 << UInt64(number)
    }
    var found: [String: Int] = [:]
    let bytes = names.span
    var position = 0
    for index in 0..<count {
      guard var size = (try? bytes.load(UInt8.self, at: position)).map(Int.init) else { break }
      position += 1
      if size & 0x80 != 0 {
        guard let more = try? bytes.load(UInt8.self, at: position) else { break }
        size = size & 0x7F | Int(more) << 7
        position += 1
      }
      guard size <= bytes.byteCount - position else { break }
      // The first letter is the symbol's kind.
      var place = -1
      var left = UInt64.max
      var at = position
      while at < position + size, left != 0, let code = try? bytes.load(UInt8.self, at: at) {
        var next = tokens.starts[Int(code)]
        let end = tokens.ends[Int(code)]
        while next < end, left != 0 {
          if place >= 0 {
            left = place < longest ? left & letters[256 * place + Int(tokens.bytes[next])] : 0
          }
          place += 1
          next += 1
        }
        at += 1
      }
      position += size
      guard left != 0, place >= 0 else { continue }
      left &= lengths[place]
      if left != 0 { found[wanted[left.trailingZeroBitCount]] = index }
    }
    return found
  }
}
