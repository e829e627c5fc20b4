/// The memory of a fixture, read from its text without the product's code, for checking plans.
package struct RawMemory: Sendable {
  /// RAM with inclusive ends, sorted, adjacent ranges joined; one list for each source.
  package private(set) var sources: [[ClosedRange<UInt64>]] = []
  /// Ranges in which nothing may be placed, with inclusive ends.
  package private(set) var forbidden: [ClosedRange<UInt64>] = [0...0xF_FFFF]

  /// Reads the texts that are used as /proc/iomem and as the firmware's map.
  package init(ioMemory: String, firmware: String) {
    readIOMemory(ioMemory)
    readFirmware(firmware)
  }

  /// Whether every source says that the whole of `range` is RAM, and no part of it is forbidden.
  package func isFree(_ range: ClosedRange<UInt64>) -> Bool {
    sources.allSatisfy { $0.contains { $0.contains(range) } }
      && !forbidden.contains { $0.overlaps(range) }
  }

  private mutating func readIOMemory(_ text: String) {
    var ram: [ClosedRange<UInt64>] = []
    var isInsideRAM = false
    for line in text.split(separator: "\n") {
      let halves = line.split(separator: ":", maxSplits: 1)
      guard halves.count == 2, let range = Self.range(halves[0], isEndInside: true) else {
        continue
      }
      let name = halves[1].drop { $0 == " " }
      let isTop = !line.hasPrefix(" ")
      if isTop { isInsideRAM = name == "System RAM" }
      if isTop && isInsideRAM {
        if range.upperBound > 0 { ram.append(range) }
      } else if !name.hasPrefix("Kernel ") && (isTop || isInsideRAM || name.hasPrefix("Crash")) {
        forbidden.append(range)
      }
    }
    if !ram.isEmpty { sources.append(Self.joined(ram)) }
  }

  private mutating func readFirmware(_ text: String) {
    var ram: [ClosedRange<UInt64>] = []
    for line in text.split(separator: "\n") {
      let isOurs = line.contains("BIOS-e820: ") || line.hasSuffix(" (0)") || line.hasSuffix(" (1)")
      guard isOurs else { continue }
      let isBracketed = line.contains("[mem ")
      let body = line.split(separator: "BIOS-e820: ").last ?? line
      let numbers = isBracketed ? body.dropFirst(5).prefix { $0 != "]" } : body.prefix { $0 != "(" }
      let isEndInside = isBracketed || !line.contains("BIOS-e820: ")
      guard let range = Self.range(numbers, isEndInside: isEndInside) else { continue }
      let isRAM = line.hasSuffix("] usable") || line.hasSuffix("(usable)") || line.hasSuffix("(0)")
      if isRAM { ram.append(range) } else { forbidden.append(range) }
    }
    if !ram.isEmpty { sources.append(Self.joined(ram)) }
  }

  private static func range(_ text: Substring, isEndInside: Bool) -> ClosedRange<UInt64>? {
    let ends = text.split(separator: "-").map { part in
      let digits = String(part.filter { $0 != " " })
      return UInt64(digits.hasPrefix("0x") ? String(digits.dropFirst(2)) : digits, radix: 16)
    }
    guard ends.count == 2, let first = ends[0], let end = ends[1] else { return nil }
    let last = isEndInside ? end : end - 1
    return first <= last ? first...last : nil
  }

  private static func joined(_ ranges: [ClosedRange<UInt64>]) -> [ClosedRange<UInt64>] {
    var result: [ClosedRange<UInt64>] = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = result.last, range.lowerBound <= last.upperBound + 1 {
        result[result.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        result.append(range)
      }
    }
    return result
  }
}
