internal import ByteCoding
package import LinuxSystem
package import PhysicalMemory

/// The tree of `/proc/iomem`: what each range of physical addresses is used for.
package struct IOMemory: Equatable, Sendable {
  /// One line.
  package struct Resource: Equatable, Sendable {
    /// The addresses.
    package let range: PhysicalRange
    /// The name as the kernel prints it. It can contain any bytes, also some that are not text.
    package let name: String
    /// How many resources contain this one.
    package let depth: Int
    /// The name of the outermost resource around this one; its own at depth 0.
    package let topLevelName: String
  }

  /// The lines, in the file's order.
  package let resources: [Resource]
  /// Whether the kernel hid every address, as it does from readers without CAP_SYS_ADMIN.
  package let isHidden: Bool
  /// The impossible lines, in the file's order.
  package let faults: [MapFault]
  /// Whether the file is missing or empty.
  package var isMissing: Bool { resources.isEmpty && faults.isEmpty }

  /// Reads `/proc/iomem`; there are no resources when it cannot be read.
  package init(in files: FileTree) {
    self.init(text: files.text("/proc/iomem") ?? "")
  }

  /// Reads the text of `/proc/iomem`. Lines of another form become faults.
  package init(text: String) {
    var resources: [Resource] = []
    var faults: [MapFault] = []
    // The indents of the resources around the current line. Copies of the file can have other indents than
    // the kernel's two spaces, so they are only compared with each other.
    var outer: [(indent: Int, name: String)] = []
    var sawAddress = false
    // By bytes, since a name can end in half a character that would swallow the line end.
    let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() where !line.allSatisfy({ $0.isSpace }) {
      func fault(_ reason: MapFault.Reason) {
        let indent = line.prefix(while: { $0.isSpace }).count
        faults.append(
          MapFault(
            place: "/proc/iomem line \(index + 1)", text: line.dropFirst(indent), reason: reason))
      }
      let parsed: Line
      switch Self.parse(Substring(line)) {
      case .success(let line): parsed = line
      case .failure(let reason):
        fault(reason)
        continue
      }
      outer.removeAll { $0.indent >= parsed.indent }
      sawAddress = sawAddress || parsed.first != 0 || parsed.last != 0
      if let range = PhysicalRange(first: parsed.first, last: parsed.last) {
        resources.append(
          Resource(
            range: range, name: parsed.name, depth: outer.count,
            topLevelName: outer.first?.name ?? parsed.name))
      } else {
        fault(.inverted)
      }
      outer.append((parsed.indent, parsed.name))
    }
    self.resources = resources
    self.faults = faults
    self.isHidden = !resources.isEmpty && !sawAddress
  }

  /// A parsed line.
  private struct Line {
    let indent: Int
    let first: UInt64
    let last: UInt64
    let name: String
  }

  /// Parses `  START-END : NAME`; the numbers are hexadecimal and END is included.
  private static func parse(_ line: Substring) -> Result<Line, MapFault.Reason> {
    let indent = line.prefix { $0 == " " || $0 == "\t" }.count
    let body = line.dropFirst(indent)
    let firstDigits = body.prefix { $0 != "-" }
    let afterDash = body.dropFirst(firstDigits.count + 1)
    let lastDigits = afterDash.prefix { $0.isHexDigit }
    let separator = afterDash.dropFirst(lastDigits.count).drop { $0 == " " }
    guard separator.first == ":" else { return .failure(.malformed) }
    // Only digits: a sign is not a part of the number.
    guard let first = UInt64(digits: firstDigits, radix: 16) else {
      return .failure(MapFault.reason(of: firstDigits, radix: 16))
    }
    guard let last = UInt64(digits: lastDigits, radix: 16) else {
      return .failure(MapFault.reason(of: lastDigits, radix: 16))
    }
    let name = separator.dropFirst().drop { $0 == " " }
    // Copies of the file may have the line ends of another system.
    return .success(
      Line(
        indent: indent, first: first, last: last,
        name: String(name.hasSuffix("\r") ? name.dropLast() : name)))
  }
}

extension IOMemory {
  /// The memory at the top level as a memory map, and what is reserved inside devices, such as the
  /// configuration space of a PCI bus. What is reserved inside RAM concerns only the running kernel.
  package var memoryMap: MemoryMap {
    let memory = resources.lazy.filter {
      $0.isMemory && ($0.depth == 0 || ($0.topLevelName != "System RAM" && $0.isReserved))
    }
    return MemoryMap(
      memory.map { MemoryMap.Entry($0.range, MemoryKind(kernelName: $0.name)) })
  }

  /// RAM that the next kernel's segments may overwrite: `System RAM` at the top level, without what lies
  /// inside it. The running kernel's own code and data may be overwritten, since pages are moved only at the
  /// very end; everything else in RAM must stay.
  package var freeRAM: PhysicalRangeSet {
    let inside = resources.lazy.filter {
      $0.depth > 0 && $0.topLevelName == "System RAM" && !$0.name.hasPrefix("Kernel ")
    }
    let claimed = resources.lazy.filter { $0.depth == 0 && $0.name != "System RAM" }
    return memoryMap.undisputedRAM
      .subtracting(PhysicalRangeSet(inside.map { $0.range }))
      .subtracting(PhysicalRangeSet(claimed.map { $0.range }))
  }

  /// The regions reserved for a crash kernel, lowest first. Only the highest takes segments.
  package var crashRegions: [PhysicalRange] {
    resources.filter { $0.name.hasPrefix("Crash kernel") }.map { $0.range }
      .sorted { $0.start.value }
  }
}

extension IOMemory.Resource {
  /// Whether the resource is a kind of memory, rather than a device.
  fileprivate var isMemory: Bool {
    MemoryKind(kernelName: name) != .reserved || isReserved
      || name.hasPrefix("Unknown E820 type")
  }

  fileprivate var isReserved: Bool { name.asciiLowercased == "reserved" }
}

extension UInt8 {
  /// Whether the byte is a space, a tab or a part of a line end.
  fileprivate var isSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0D }
}
