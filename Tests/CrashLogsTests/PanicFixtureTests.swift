import ByteCoding
import LinuxSystem
import TestSupport
import Testing

@testable import CrashLogs

/// Published logs of real crashes: Tests/Fixtures/panics. Each row of rows.tsv has a file and what it says.
struct PanicFixtureTests {
  static let rows = Fixtures.text("/panics/rows.tsv").split(separator: "\n").map(String.init)

  @Test("There are real panic logs to read")
  func thereAreRows() {
    #expect(Self.rows.count == 21)
    #expect(Self.rows.allSatisfy { $0.split(separator: "\t").count >= 8 })
  }

  @Test("Each real panic log gives every field of its row", arguments: rows)
  func readsEveryField(_ row: String) throws {
    let fields = row.split(separator: "\t").map(String.init)
    let headline = CrashHeadline(log: try Fixtures.files.read("/panics/\(fields[0])"))
    for field in fields.dropFirst() {
      let equals = try #require(field.firstIndex(of: "="))
      let (name, wanted) = (String(field[..<equals]), String(field[field.index(after: equals)...]))
      let found = try #require(headline.value(of: name), "no field \(name)")
      #expect(found == wanted, "\(fields[0]): \(name)")
    }
  }

  @Test("A task that may not be the one that crashed is marked")
  func marksTheTaskThatMayBeAnother() throws {
    let log = try Fixtures.files.read("/panics/X36-oom-panic-4.0.txt")
    #expect(!CrashHeadline(log: log).isTaskCertain)
    #expect(
      Self.rows.filter { !$0.hasPrefix("X36") }.allSatisfy { row in
        let name = row.split(separator: "\t")[0]
        return (try? Fixtures.files.read("/panics/\(name)")).map {
          CrashHeadline(log: $0).isTaskCertain
        } ?? false
      })
  }
}

extension CrashHeadline {
  /// The field as a row has it: "unknown" if it is nil. Nil if there is no such field.
  func value(of name: String) -> String? {
    func number(_ value: UInt64?) -> String { value.map { String($0) } ?? "unknown" }
    switch name {
    case "kind": return kind.rawValue
    case "panic": return panic ?? "unknown"
    case "bug": return reason ?? "unknown"
    case "cpu": return number(processor)
    case "uid": return number(user)
    case "pid": return number(task)
    case "comm": return taskName ?? "unknown"
    case "taint": return taint ?? "unknown"
    case "release": return release ?? "unknown"
    case "preempt": return preemption ?? "unknown"
    case "hw": return hardware ?? "unknown"
    case "rip": return instruction?.text ?? "unknown"
    case "rip_exact": return instruction.map { "\($0.isExact)" } ?? "unknown"
    case "module": return instruction?.module ?? "unknown"
    case "workqueue": return workqueue ?? "unknown"
    case "call0": return caller?.text ?? "unknown"
    case "kaslr": return kernelOffset ?? "unknown"
    case "kdump_loaded": return isKdumpLoaded.map { "\($0)" } ?? "unknown"
    case "mce_reason": return machineCheckReason ?? "unknown"
    case "bad_phys": return badAddresses.map { String($0, radix: 16) }.joined(separator: " ")
    case "is_fatal": return "\(isFatal)"
    case "blocked": return blockedTask ?? "unknown"
    case "modules": return modules.joined(separator: " ")
    case "cpus": return number(processors.map { UInt64($0) })
    case "time": return number(time)
    case "certain": return "\(isTaskCertain)"
    default: return nil
    }
  }
}
