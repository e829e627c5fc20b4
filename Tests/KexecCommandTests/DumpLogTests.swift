import ByteCoding
import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import KexecCommand

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// `kexec dump log` and `kexec dump report`.
  @Suite struct DumpLogTests {
    /// A dump whose kernel had logged a crash.
    static func dump(
      started: String? = nil, _ change: (inout KernelAddressSpaceFixture) -> Void = { _ in }
    ) -> [UInt8] {
      var ring = PrintkRingBuilder()
      ring.append(Array("Linux version 6.12.0 (a@b)".utf8), level: 5)
      if let started { ring.append(Array(started.utf8), level: 6) }
      ring.append(Array("secret \u{1B}[31m\u{FF}".utf8) + [0xFF], time: 1_000_000_000, level: 4)
      ring.clear()
      ring.append(
        Array("Kernel panic - not syncing: sysrq triggered crash".utf8), time: 2_500_000_000,
        level: 0)
      ring.append(
        Array("CPU: 1 UID: 0 PID: 77 Comm: sh Not tainted 6.12.0 #1".utf8), time: 2_500_001_000,
        level: 4, caller: 77)
      var memory = ring.memory
      change(&memory)
      var file = CoreFileBuilder(memory, PrintkRingBuilder.information + "CRASHTIME=1795000000\n")
      var note = [UInt8](repeating: 0, count: 336)
      note[32] = 77
      note[112 + 8 * 19] = 0x08
      // The stack pointer: the ring's descriptors stand in for a stack.
      note.replaceSubrange(
        (112 + 8 * 19)..<(112 + 8 * 20), with: [0x08, 0, 0x10, 0x82, 0xFF, 0xFF, 0xFF, 0xFF])
      file.processors = [note, [UInt8](repeating: 0, count: 336)]
      return file.bytes
    }

    private static func kernel(_ change: @escaping (inout FakeKernel.Answers) -> Void = { _ in })
      -> FakeKernel
    {
      FakeKernel(["/dump": dump(), "/proc/vmcore": dump()], change)
    }

    @Test("kexec dump log prints the log as dmesg did, byte for byte")
    func logIsPrintedAsItWas() {
      let kernel = Self.kernel()
      #expect(kernel.run("dump log @/dump") == .success)
      #expect(
        kernel.output.losslessBytes == Array(
          """
          [    0.000000] Linux version 6.12.0 (a@b)
          [    1.000000] secret \u{1B}[31m\u{FF}
          """.utf8) + [0xFF]
          + Array(
            """

            [    2.500000] Kernel panic - not syncing: sysrq triggered crash
            [    2.500001] CPU: 1 UID: 0 PID: 77 Comm: sh Not tainted 6.12.0 #1

            """.utf8))
      #expect(kernel.errors == "")
    }

    @Test("vmcore-dmesg FILE prints the same")
    func vmcoreDmesgPrintsTheSame() {
      let (kernel, other) = (Self.kernel(), Self.kernel())
      #expect(kernel.run("dump log @/dump") == .success)
      #expect(
        Command.run(["/sbin/vmcore-dmesg", other.tree.path + "/dump"], on: other.value) == .success)
      #expect(other.output == kernel.output)
      let none = Self.kernel()
      #expect(Command.run(["vmcore-dmesg", "--bogus"], on: none.value) == .usage)
      #expect(none.errors.hasPrefix("vmcore-dmesg: "))
      let help = Self.kernel()
      #expect(Command.run(["vmcore-dmesg", "--help"], on: help.value) == .success)
      #expect(help.output.contains("--since-clear"))
    }

    @Test("A terminal gets no bytes that control it")
    func terminalsAreNotControlled() {
      let kernel = Self.kernel { $0.columns = 100 }
      #expect(kernel.run("dump log @/dump") == .success)
      #expect(kernel.output.contains("secret \\x1b[31m"))
      #expect(!kernel.output.utf8.contains(0x1B))
    }

    @Test(
      "The options of the log choose records and their form",
      arguments: [
        (
          "--since-clear --log-level=emerg",
          "[    2.500000] Kernel panic - not syncing: sysrq triggered crash\n"
        ),
        (
          "--log-level=5,0 --format=raw",
          "<5>[    0.000000] Linux version 6.12.0 (a@b)\n<0>[    2.500000] Kernel panic - not syncing: sysrq triggered crash\n"
        ),
        (
          "--log-level=0 --format=kmsg --caller",
          "0,2,2500000,-,caller=T1;Kernel panic - not syncing: sysrq triggered crash\n"
        ),
        ("--log-level=notice --caller", "[    0.000000] [    T1] Linux version 6.12.0 (a@b)\n"),
        ("-q", ""),
      ])
    func optionsChoose(_ options: String, _ wanted: String) {
      let kernel = Self.kernel()
      #expect(kernel.run("dump log \(options) @/dump") == .success)
      #expect(kernel.output == wanted)
    }

    @Test(
      "Options and arguments that make no sense are refused",
      arguments: [
        ("dump", "one of the words"), ("dump nothing", "\"nothing\" is none of"),
        ("dump log @/dump @/dump", "takes one dump"), ("dump report --caller @/dump", "--caller"),
        ("dump log --format=xml @/dump", "--format"), ("dump log --log-level=warm @/dump", "warm"),
        ("dump log --log-level=8 @/dump", "8"),
      ])
    func nonsenseIsRefused(_ line: String, _ part: String) {
      let kernel = Self.kernel()
      #expect(kernel.run(line) == .usage)
      #expect(kernel.errors.contains(part), "\(kernel.errors)")
      #expect(kernel.output == "")
    }

    @Test("Without a name, the dump is that of the crashed kernel")
    func sourceIsTheCrashedKernel() {
      let kernel = Self.kernel()
      #expect(kernel.run("dump log --machine=@ --log-level=0") == .success)
      #expect(kernel.output.hasSuffix("sysrq triggered crash\n"))
    }

    @Test("The log as JSON has every record")
    func logAsJSON() {
      let kernel = Self.kernel()
      #expect(kernel.run("dump log --json @/dump") == .success)
      #expect(kernel.output.hasPrefix("{\n  \"schema\": 1,\n  \"records\": [\n"))
      #expect(kernel.output.contains("\"timeNanoseconds\": 2500001000"))
      #expect(kernel.output.contains("\"caller\": \"T77\""))
      #expect(kernel.output.contains("\"release\": \"6.12.0\""))
    }

    @Test("What is damaged is said, and the rest is printed")
    func damageIsSaid() {
      let kernel = FakeKernel(["/dump": Self.dump { $0.set(UInt64(9), at: PrintkRingBuilder.text) }]
      )
      #expect(kernel.run("dump log @/dump") == .success)
      #expect(kernel.errors.contains("the log is damaged: unreadable records: 1\n"))
      #expect(kernel.output.hasPrefix("[    1.000000] secret"))
      let empty = FakeKernel([
        "/dump": Self.dump { $0.set(UInt32(60), at: PrintkRingBuilder.ring + 16) }
      ])
      #expect(empty.run("dump log @/dump") == .failure)
      #expect(empty.errors.hasSuffix("the log: count_bits cannot be 60\n"))
      #expect(empty.run("dump log --json @/dump") == .failure)
      #expect(empty.output.contains("\"log.impossible\""))
    }

    @Test("The report of a dump has the headline, the registers and the stack")
    func reportOfADump() {
      let kernel = Self.kernel()
      #expect(kernel.run("dump report @/dump") == .success)
      let output = kernel.output
      #expect(output.hasPrefix("sysrq\n  panic             sysrq triggered crash\n"))
      for part in [
        "\n  task              sh, PID 77, UID 0\n", "\n  reason            unknown\n",
        "\n  uptime            2.500000 s\n", "\n  time              2026-11-18T",
        "\nprocessor note 1, task 77, which crashed\n", "       rsp ffffffff82100008",
        "\n  ffffffff82100008: ", "\nprocessor note 2, task 0\n", "may hold secrets",
      ] {
        #expect(output.contains(part), "\(part) in \(output)")
      }
      let json = Self.kernel()
      #expect(json.run("dump report --json @/dump") == .success)
      #expect(json.output.hasPrefix("{\n  \"schema\": 1,\n  \"kind\": \"sysrq\",\n"))
      #expect(json.output.contains("\"rsp\": \"0xffffffff82100008\""))
    }

    @Test(
      "The report says how many processors left no registers, if the log has their number",
      arguments: [(3, "\n  processors        2 of 3 left registers\n"), (2, nil), (1, nil)])
    func missingProcessors(_ count: Int, _ row: String?) {
      let started = "smp: Brought up 1 node, \(count) CPU\(count == 1 ? "" : "s")"
      let kernel = FakeKernel(["/dump": Self.dump(started: started)])
      #expect(kernel.run("dump report @/dump") == .success)
      if let row {
        #expect(kernel.output.contains(row), "\(kernel.output)")
      } else {
        #expect(!kernel.output.contains("left registers"))
      }
      let json = FakeKernel(["/dump": Self.dump(started: started)])
      #expect(json.run("dump report --json @/dump") == .success)
      #expect(json.output.contains("\n  \"cpus\": \(count),\n"))
      let unknown = Self.kernel()
      #expect(unknown.run("dump report --json @/dump") == .success)
      #expect(unknown.output.contains("\n  \"cpus\": null,\n"))
    }

    @Test("The report of a dump without a log has what the processors left, and fails")
    func reportWithoutALog() {
      let kernel = FakeKernel([
        "/dump": Self.dump { $0.set(UInt32(60), at: PrintkRingBuilder.ring + 16) }
      ])
      #expect(kernel.run("dump report @/dump") == .failure)
      #expect(kernel.output.hasPrefix("unknown\n  panic             unknown\n"))
      #expect(kernel.output.contains("\nprocessor note 1, task 77\n"))
      #expect(kernel.errors.contains("count_bits cannot be 60"))
    }

    @Test("The report of a text has the headline alone")
    func reportOfAText() throws {
      let text = try Fixtures.files.read("/panics/X09-gpf-6.14.txt")
      let kernel = FakeKernel(["/log": text])
      #expect(kernel.run("dump report @/log") == .success)
      #expect(
        kernel.output.hasPrefix(
          "GPF\n  panic             Fatal exception\n  reason            general protection fault, probably"
        ))
      #expect(!kernel.output.contains("processor note"))
      let json = FakeKernel(["/log": text])
      #expect(json.run("dump report --json @/log") == .success)
      #expect(json.output.contains("\"rip\": \"__se_sys_mremap+0x25fa/0x2c00\""))
      #expect(json.output.contains("\"logDamage\": null"))
    }

    @Test("A file that is neither a dump nor a text is refused")
    func otherFilesAreRefused() {
      let kernel = FakeKernel(["/blob": [UInt8](repeating: 1, count: 100)])
      #expect(kernel.run("dump report @/blob") == .failure)
      #expect(kernel.errors.contains("it starts with 0x101010101010101"))
      #expect(kernel.run("dump log @/none") == .failure)
    }

    @Test("A machine check's address is reported")
    func machineCheckInReport() throws {
      let kernel = FakeKernel(["/log": try Fixtures.files.read("/panics/X32-mce-amd.txt")])
      #expect(kernel.run("dump report @/log") == .success)
      #expect(kernel.output.contains("\n  bad memory        0x114ae5000\n"))
      #expect(kernel.output.contains("\n  task              unknown\n"))
    }
  }
}
