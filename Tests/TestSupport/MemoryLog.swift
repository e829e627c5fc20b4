package import PhysicalMemory

/// Memory maps in text that people post: from the kernel's log, or from a loader's debug output.
///
/// The product does not read these; they replace `/sys/firmware/memmap`.
package enum MemoryLog {
  /// The lines with `BIOS-e820` of a kernel log: `[mem 0x0-0x9fbff] usable` with an inclusive end,
  /// or the older `0 - 9fc00 (usable)` with an exclusive one.
  package static func e820(_ text: String) -> MemoryMap {
    MemoryMap(text.split(separator: "\n").compactMap(e820Entry))
  }

  /// The lines `START-END (0)` for RAM and `START-END (1)` for reserved memory, with inclusive
  /// ends.
  package static func ranges(_ text: String) -> MemoryMap {
    MemoryMap(
      text.split(separator: "\n").compactMap { line in
        let parts = line.split(separator: " ")
        guard parts.count == 2,
          let kind = [(Substring("(0)"), MemoryKind.ram), ("(1)", .reserved)]
            .first(where: { $0.0 == parts[1] })
        else { return nil }
        return entry(parts[0].split(separator: "-"), isEndInside: true, kind.1)
      })
  }

  private static func e820Entry(_ line: Substring) -> MemoryMap.Entry? {
    guard let mark = line.firstRange(of: "BIOS-e820: ") else { return nil }
    let rest = line[mark.upperBound...]
    if rest.hasPrefix("[mem "), let close = rest.firstIndex(of: "]") {
      return entry(
        rest[..<close].dropFirst(5).split(separator: "-"), isEndInside: true,
        kind(rest[close...].dropFirst(2)))
    }
    guard let open = rest.firstIndex(of: "("), let close = rest.firstIndex(of: ")") else {
      return nil
    }
    return entry(
      rest[..<open].split(separator: "-"), isEndInside: false,
      kind(rest[open..<close].dropFirst()))
  }

  private static func entry(
    _ ends: [Substring], isEndInside: Bool, _ kind: MemoryKind
  ) -> MemoryMap.Entry? {
    let numbers = ends.map { end in
      let digits = end.filter { $0 != " " }
      return UInt64(digits.hasPrefix("0x") ? String(digits.dropFirst(2)) : digits, radix: 16)
    }
    guard numbers.count == 2, let first = numbers[0], let last = numbers[1] else { return nil }
    return PhysicalRange(first: first, last: isEndInside ? last : last - 1).map { .init($0, kind) }
  }

  private static func kind(_ words: Substring) -> MemoryKind {
    switch words {
    case "usable": .ram
    case "reserved": .reserved
    case "ACPI data": .acpiTables
    case "ACPI NVS": .acpiNonVolatile
    case "unusable": .unusable
    case "soft reserved": .softReserved
    case "persistent (type 7)": .persistent
    case "persistent (type 12)": .persistentLegacy
    // "type 20": a type from firmware or a boot loader that the kernel does not know.
    default: .other(words.split(separator: " ").last.flatMap { UInt32($0) } ?? 2)
    }
  }
}
