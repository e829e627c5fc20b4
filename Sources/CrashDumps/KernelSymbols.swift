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

  private static func tokens(
    table: UInt64, index: UInt64, in image: CrashImage
  ) throws(CrashImageError) -> [[UInt8]] {
    let starts = try image.bytes(at: index, count: 512)
    let last = Int(starts.loadField(Field<UInt16>(510)))
    let bytes = try image.bytes(at: table, count: last + 64)
    return (0..<256).map { code in
      let start = Int(starts.loadField(Field<UInt16>(2 * code)))
      guard start < bytes.count else { return [] }
      return Array(bytes[start...].prefix { $0 != 0 })
    }
  }

  /// The numbers of the symbols with those names.
  private static func find(
    _ wanted: [String], count: Int, tokens: [[UInt8]], names: SharedBytes
  ) throws(CrashImageError) -> [String: Int] {
    let patterns = wanted.map { Array($0.utf8) }
    // Nearly all names can be told by their first token.
    let isPossible = tokens.map { token in
      token.count <= 1 || patterns.contains { $0.starts(with: token.dropFirst()) }
    }
    var found: [String: Int] = [:]
    let bytes = names.span
    var position = 0
    do {
      for index in 0..<count {
        var size = Int(try bytes.load(UInt8.self, at: position))
        position += 1
        if size & 0x80 != 0 {
          size = size & 0x7F | Int(try bytes.load(UInt8.self, at: position)) << 7
          position += 1
        }
        if size > 0, isPossible[Int(try bytes.load(UInt8.self, at: position))] {
          var name: [UInt8] = []
          for at in position..<(position + size) where name.count < 64 {
            name += tokens[Int(try bytes.load(UInt8.self, at: at))]
          }
          for (number, pattern) in patterns.enumerated()
          where name.count == pattern.count + 1 && name.dropFirst().elementsEqual(pattern) {
            found[wanted[number]] = index
          }
        }
        position += size
      }
    } catch {
      // The table is shorter than it says; what was found counts.
    }
    return found
  }
}
