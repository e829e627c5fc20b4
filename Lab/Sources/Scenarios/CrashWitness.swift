import Foundation
import LabKit

/// What a guest knows of itself before it crashes, from /proc and /sys.
struct CrashWitness {
  let release: String
  let hardware: String
  let commandLine: String
  /// As the log prints it, with one space between letters.
  let taint: String
  /// The last loaded one is the first.
  let modules: [String]
  /// How far the kernel was moved.
  let offset: UInt64
  /// The kernel's code.
  let code: Range<UInt64>
  /// The functions of lab_crash, each up to the next symbol.
  let functions: [String: Range<UInt64>]
  /// Seconds since 1970.
  let time: UInt64

  init(of guest: Guest) async throws {
    release = guest.release
    let identity = "/sys/class/dmi/id"
    hardware = try await guest.run(
      """
      cd \(identity)
      echo "$(cat sys_vendor) $(cat product_name), BIOS $(cat bios_version) $(cat bios_date)"
      """
    ).text
    commandLine = try await guest.run("cat /proc/cmdline").text
    let bits = try await guest.run("cat /proc/sys/kernel/tainted").text
    taint = try Self.letters(ofTaint: bits)
    modules = try await guest.run("cut -d' ' -f1 /proc/modules").text.split(separator: "\n").map(
      String.init)
    time = UInt64(try await guest.run("date +%s").text) ?? 0

    var addresses: [(name: String, address: UInt64)] = []
    let symbols = try await guest.run(
      #"grep -E ' (_text|_etext)$|\[lab_crash\]$' /proc/kallsyms"#
    ).text
    for line in symbols.split(separator: "\n") {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard words.count > 2, let address = UInt64(words[0], radix: 16), address > 0 else {
        throw Failure("/proc/kallsyms has \(line)")
      }
      addresses.append((String(words[2]), address))
    }
    addresses.sort { $0.address < $1.address }
    guard let start = addresses.first(where: { $0.name == "_text" })?.address,
      let end = addresses.first(where: { $0.name == "_etext" })?.address, start < end
    else { throw Failure("/proc/kallsyms does not have the kernel's code: \(symbols)") }
    code = start..<end
    offset = start - 0xFFFF_FFFF_8100_0000
    var functions: [String: Range<UInt64>] = [:]
    for (symbol, next) in zip(addresses, addresses.dropFirst())
    where symbol.name.hasPrefix("lab_crash_") && symbol.address < next.address {
      functions[symbol.name] = symbol.address..<next.address
    }
    self.functions = functions
  }

  /// A function of lab_crash.
  func function(_ name: String) throws -> Range<UInt64> {
    guard let range = functions[name] else { throw Failure("lab_crash has no function \(name)") }
    return range
  }

  /// Documentation/admin-guide/tainted-kernels.rst: a letter for each bit, and G in the place of P.
  private static func letters(ofTaint number: String) throws -> String {
    guard let bits = UInt64(number) else { throw Failure("the taint is \(number)") }
    guard bits != 0 else { return "Not tainted" }
    let letters = "PFSRMBUDAWCIOELKXTN".enumerated().map { bit, letter in
      bits & (1 << UInt64(bit)) != 0 ? letter : bit == 0 ? "G" : " "
    }
    return String(letters).split(separator: " ").joined(separator: " ")
  }
}
