import Foundation
import LabKit

/// What `kexec dump report --json` says. Names and meanings are those of docs/json-schema/kexec-1.json; what is not
/// known is nil.
struct DumpReport: Decodable, Sendable {
  /// What went wrong, the text of the panic, and the line with the reason.
  let kind: String
  let panic, bug: String?
  let isFatal: Bool
  /// When, since the kernel started and since 1970.
  let uptimeMicroseconds, crashTime: UInt64?
  /// The processor, and the task there.
  let cpu, uid, pid: Int?
  let comm: String?
  let isCommCertain: Bool
  /// Of a hung task, `name:pid`.
  let blockedTask: String?
  /// Where the kernel was, and the module of that function.
  let rip, module: String?
  /// The first function of the call trace.
  let caller: String?
  /// The kernel and the computer.
  let taint, release, hardware, kernelOffset, commandLine: String?
  let modules: [String]
  let kdumpLoaded: Bool?
  /// How many oopses and starts of a kernel the log has.
  let oopses, starts: Int
  /// On how many processors the kernel ran.
  let cpus: Int?
  /// The processors that left registers.
  let processors: [Processor]

  /// What a processor left.
  struct Processor: Decodable, Sendable {
    /// The number of the task on it.
    let task: Int
    private let registers: [String: String]
    private let stack: [String]

    /// The words of its stack.
    var words: [UInt64] { stack.compactMap(\.hexadecimal) }

    /// The value of a register.
    func register(_ name: String) throws -> UInt64 {
      guard let value = registers[name]?.hexadecimal else {
        throw Failure("no register \(name) in \(registers)")
      }
      return value
    }
  }
}

extension Guest {
  /// The report of this crash kernel's /proc/vmcore, for programs and for people.
  func dumpReport() async throws -> (DumpReport, text: String) {
    let json = try await run("kexec dump report --json /proc/vmcore").bytes
    let text = try await run("kexec dump report /proc/vmcore").text
    return (try JSONDecoder().decode(DumpReport.self, from: Data(json)), text)
  }
}

extension String {
  /// The value of digits behind `0x`.
  fileprivate var hexadecimal: UInt64? { hasPrefix("0x") ? UInt64(dropFirst(2), radix: 16) : nil }
}
