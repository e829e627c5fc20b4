import TestSupport
import Testing

@testable import KexecCommand
@testable import KexecPlanning

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// `kexec WORD`: which arguments run a command, and what the commands print.
  @Suite struct CommandWordTests {
    private static func text(_ text: String) -> [UInt8]? { Array(text.utf8) }

    @Test("The status command reports what is loaded, as text or JSON, and succeeds")
    func statusPrintsWhatIsLoadedAndSucceeds() {
      let kernel = FakeKernel(["/sys/kernel/kexec_crash_loaded": Self.text("1\n")])
      #expect(kernel.run("status") == .success)
      #expect(kernel.output.hasPrefix("kernel: loaded\ncrash kernel: loaded\n"))
      let json = [FakeKernel(), FakeKernel()]
      #expect(json[0].run("status --json") == .success && json[1].run("-S --json") == .success)
      #expect(json[0].output.hasPrefix("{\n  \"schema\": 1,\n  \"loaded\": true,\n"))
      #expect(json[0].output == json[1].output)
      let silent = FakeKernel()
      #expect(silent.run("status -q") == .success)
      #expect(silent.output == "" && silent.errors == "")
      let captured = FakeKernel(["/other/proc/cmdline": [], "/other/sys/kernel/kexec_loaded": [48]])
      #expect(captured.run("status --machine=@/other") == .success)
      #expect(captured.output.hasPrefix("kernel: not loaded\n"))
    }

    @Test("The status command fails when /sys/kernel or the machine's directory is missing")
    func statusFailsWithoutTheFilesItNeeds() {
      let blind = FakeKernel([
        "/sys/kernel/kexec_loaded": nil, "/sys/kernel/kexec_crash_loaded": nil,
        "/sys/kernel/kexec_crash_size": nil, "/sys/kernel/boot_params/data": nil,
      ])
      #expect(blind.run("status") == .failure)
      #expect(
        blind.errors.contains("/sys/kernel is not there: what is loaded cannot be determined\n"))
      let none = FakeKernel()
      #expect(none.run("status --machine=@/none") == .failure)
      #expect(none.errors.hasPrefix("kexec: --machine="))
    }

    @Test("The report command prints the same times as --report and fails without time stamps")
    func reportPrintsTheSameAsTheOption() {
      var stamps = TimeStamps(loaded: 1000, wallClock: 6000)
      (stamps.entered, stamps.checked) = (3_000_000, 3_500_000)
      let files = ["/proc/cmdline": Self.text("quiet \(stamps.word)\n")]
      let kernels = [
        FakeKernel(files) { $0.counter = 9_500_000 }, FakeKernel(files) { $0.counter = 9_500_000 },
      ]
      #expect(kernels[0].run("--report -q") == .success && kernels[1].run("report") == .success)
      #expect(kernels[0].output.hasPrefix("shutdown") && kernels[0].output == kernels[1].output)
      let without = FakeKernel()
      #expect(without.run("report") == .usage)
      #expect(without.errors.hasPrefix("kexec: this system's command line has no time stamps\n"))
      let captured = FakeKernel()
      #expect(captured.run("report --machine=@") == .usage)
    }

    /// The word must match exactly and be the first argument; anything else is a kernel's name.
    @Test(
      "Only an exact command word given first is a command; any other word names a kernel",
      arguments: ["./status", "statu", "-l status", "STATUS", "-- status", "status/", ""])
    func onlyAnExactFirstWordIsACommand(line: String) throws {
      let words = line.split(separator: " ").map(String.init)
      #expect(words.first.flatMap(CommandWord.init) == nil)
      guard let kernel = words.last else { return }
      let invocation = try Invocation(["kexec"] + words)
      guard case .load(kernel, _) = invocation.action else {
        Issue.record("\(line): \(invocation.action)")
        return
      }
    }

    @Test("The status command refuses an argument and points to its help")
    func statusRefusesAnArgument() {
      let kernel = FakeKernel()
      #expect(kernel.run("status vmlinuz") == .usage)
      #expect(
        kernel.errors == "kexec: status takes no argument, but \"vmlinuz\" was given\n"
          + "  kexec status --help lists the options\n")
    }

    /// A command of these tests, with an option whose letter is one of those that all commands
    /// share.
    private enum Key: OptionKey {
      case depth
      case common(CommonOption)

      struct Values: EmptyValues {
        var common = CommonValues()
        var depth: UInt64 = 0
      }

      static let table = OptionTable<Key, Values>([
        .init(
          "What to do",
          [
            .init(.depth, "d", "depth", value: "N", help: "how deep") {
              $0.values.depth = $0.number()
            }
          ])
      ])

      init(_ common: CommonOption) { self = .common(common) }
    }

    @Test("A command's own short option takes precedence over a common one with that letter")
    func ownShortOptionOverridesACommonOne() throws {
      let table = Key.table
      let given = try table.parse(["kexec x", "-d", "7", "--debug", "file"], of: "kexec x")
      var reader = ArgumentReader(Key.Values(), of: "kexec x")
      try reader.read(given, by: table.rows)
      #expect(reader.values.depth == 7 && reader.values.common.isDebugging)
      #expect(given.positionals == ["file"])
      #expect(CommonOption.table.rows.first { $0.option == .debug }?.short == "d")
      let wrong = try table.parse(["kexec x", "-d", "y"], of: "kexec x")
      let error = #expect(throws: CommandError.self) { try reader.read(wrong, by: table.rows) }
      #expect(error?.text.hasSuffix("\n  kexec x --help lists the options\n") == true)
    }
  }
}
