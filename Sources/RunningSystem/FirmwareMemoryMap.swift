internal import ByteCoding
package import LinuxSystem
internal import PhysicalMemory

/// Firmware's memory map at boot, from `/sys/firmware/memmap`.
///
/// Documented in Documentation/ABI/testing/sysfs-firmware-memmap.
struct FirmwareMemoryMap {
  /// The map; nil when there is none.
  let map: MemoryMap?
  /// The impossible entries.
  let faults: [MapFault]

  /// Reads the map of the machine in `files`.
  init(in files: FileTree) {
    let directory = "/sys/firmware/memmap"
    guard let numbers = files.numberedNames(in: directory), !numbers.isEmpty else {
      (map, faults) = (nil, [])
      return
    }
    var entries: [MemoryMap.Entry] = []
    var faults: [MapFault] = []
    for number in numbers {
      let (start, end, type) = (
        files.text("\(directory)/\(number)/start"), files.text("\(directory)/\(number)/end"),
        files.text("\(directory)/\(number)/type")
      )
      func fault(_ reason: MapFault.Reason) {
        let text = "\(start ?? "(none)")-\(end ?? "(none)") : \(type ?? "(none)")"
        faults.append(MapFault(place: "\(directory)/\(number)", text: text.utf8, reason: reason))
      }
      guard let start, let end else {
        fault(.malformed)
        continue
      }
      guard let first = UInt64(cNumber: start), let last = UInt64(cNumber: end) else {
        fault([start, end].contains(where: { $0.isLargeNumber }) ? .tooLarge : .malformed)
        continue
      }
      guard let range = PhysicalRange(first: first, last: last) else {
        fault(.inverted)
        continue
      }
      // An unknown name means reserved memory.
      if type?.isEmpty != false { fault(.noType) }
      entries.append(.init(range, MemoryKind(kernelName: type ?? "")))
    }
    (map, self.faults) = (MemoryMap(entries), faults)
  }
}

extension String {
  /// Whether this is a number of more than 64 bits.
  fileprivate var isLargeNumber: Bool {
    let isHexadecimal = hasPrefix("0x") || hasPrefix("0X")
    return UInt64(cNumber: self) == nil
      && MapFault.reason(of: dropFirst(isHexadecimal ? 2 : 0), radix: isHexadecimal ? 16 : 10)
        == .tooLarge
  }
}

extension FileTree {
  /// The number in a file: hexadecimal after `0x`, else decimal; nil when there is none.
  package func number(_ path: String) -> UInt64? {
    text(path).flatMap { UInt64(cNumber: $0) }
  }

  /// The number in a file that holds hexadecimal digits without `0x`.
  package func bareHexadecimal(_ path: String) -> UInt64? {
    text(path).flatMap { UInt64(digits: $0, radix: 16) }
  }
}

extension UInt64 {
  /// Reads a number as C's `strtoull` with base 0 does: `0x` for hexadecimal, a leading 0 for
  /// octal, else decimal; nil unless all of `text` is the number.
  package init?(cNumber text: some StringProtocol) {
    guard text.allSatisfy({ $0.isASCIIDigit || $0.isASCIILetter }) else { return nil }
    if text.hasPrefix("0x") || text.hasPrefix("0X") {
      self.init(digits: text.dropFirst(2), radix: 16)
    } else if text.hasPrefix("0"), text.count > 1 {
      self.init(digits: text.dropFirst(), radix: 8)
    } else {
      self.init(digits: text, radix: 10)
    }
  }
}
