package import LinuxSystem
package import PhysicalMemory

extension MemoryMap {
  /// The map that firmware gave at boot, from `/sys/firmware/memmap`, or nil when there is none.
  ///
  /// Documented in Documentation/ABI/testing/sysfs-firmware-memmap. Entries that cannot be read
  /// are passed over.
  package static func firmware(in files: FileTree) -> MemoryMap? {
    let folder = "/sys/firmware/memmap"
    guard let numbers = files.numberedNames(in: folder), !numbers.isEmpty else { return nil }
    return MemoryMap(
      numbers.compactMap { number in
        guard let first = files.number("\(folder)/\(number)/start"),
          let last = files.number("\(folder)/\(number)/end"),
          let type = files.text("\(folder)/\(number)/type"),
          let range = PhysicalRange(first: first, last: last)
        else { return nil }
        return Entry(range, MemoryKind(kernelName: type))
      })
  }
}

extension FileTree {
  /// The number in a file: hexadecimal after `0x`, else decimal; nil when there is none.
  package func number(_ path: String) -> UInt64? {
    text(path).flatMap { UInt64(cNumber: $0) }
  }

  /// The number in a file that holds hexadecimal digits without `0x`.
  package func bareHexadecimal(_ path: String) -> UInt64? {
    text(path).flatMap { UInt64($0, radix: 16) }
  }
}

extension UInt64 {
  /// Reads a number as C's `strtoull` with base 0 does: `0x` for hexadecimal, a leading 0 for
  /// octal, else decimal; nil unless all of `text` is the number.
  package init?(cNumber text: some StringProtocol) {
    guard text.allSatisfy({ $0.isASCII && ($0.isNumber || $0.isLetter) }) else { return nil }
    if text.hasPrefix("0x") || text.hasPrefix("0X") {
      self.init(text.dropFirst(2), radix: 16)
    } else if text.hasPrefix("0"), text.count > 1 {
      self.init(text.dropFirst(), radix: 8)
    } else {
      self.init(text, radix: 10)
    }
  }
}
