extension HeadlineReader {
  /// How many processors the kernel ran on at the end, from its lines about starting and stopping them; nil if the log
  /// does not have the first of these. The texts are those of x86.
  var processorCount: Int? {
    var count: Int?
    for line in lines {
      if let started = Self.startedProcessors(line.message) {
        count = started
      } else if let running = count, let change = Self.change(line.message) {
        // A log that contradicts itself says nothing.
        count = running + change >= 1 ? running + change : nil
      }
    }
    return count
  }

  /// `smp: Brought up 1 node, 2 CPUs`; older kernels `x86: Booted up 1 node, 2 CPUs` or `Brought up 2 CPUs`.
  private static func startedProcessors(_ message: LogBytes) -> Int? {
    guard
      let rest = message.after(start: "smp: Brought up ")
        ?? message.after(start: "x86: Booted up ") ?? message.after(start: "Brought up "),
      case let number = rest.after(", ") ?? rest, let count = number.leadingNumber,
      (1...65_536).contains(count), number.withoutLeadingDigits.begins(" CPU")
    else { return nil }
    return Int(count)
  }

  /// `smpboot: CPU 1 is now offline`, and `smpboot: Booting Node 0 Processor 1 APIC 0x1` when it comes again.
  private static func change(_ message: LogBytes) -> Int? {
    guard let rest = message.after(start: "smpboot: ") else { return nil }
    if rest.begins("CPU "), rest.dropFirst(4).withoutLeadingDigits.begins(" is now offline") {
      return -1
    }
    return rest.begins("Booting Node ") && rest.holds(" Processor ") ? 1 : nil
  }
}
