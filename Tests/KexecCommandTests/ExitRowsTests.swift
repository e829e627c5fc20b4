import KexecPlanning
import LinuxSystem
import RunningSystem
import TestSupport
import Testing

@testable import KexecCommand

/// An exit code, or a situation and its message: tables 5 and 6 of what users rely on. The built
/// program runs on a machine in a directory.
struct ExitRow: Sendable, CustomTestStringConvertible {
  /// The row's name in Tests/Fixtures/rows.txt.
  let name: String
  let arguments: String
  let code: Int32
  /// The beginning of the output; `@` is the machine's directory.
  let start: String

  var testDescription: String { name }

  init(_ name: String, _ arguments: String, _ code: Int32, _ start: String) {
    self.name = name
    self.arguments = arguments
    self.code = code
    self.start = start
  }

  static let codes: [ExitRow] = [
    .init(
      "exit 0: done", "-l --dry-run @/vmlinuz --machine=@", 0,
      "Plan for another machine (dry run: nothing was touched)\n  kernel    6.1.0-56-cloud-amd64"),
    .init(
      "exit 0: -S, nothing loaded", "-S -l --dry-run --machine=@", 0,
      "kernel: not loaded\ncrash kernel: loaded\n"),
    .init(
      "exit 1: wrong usage", "--bogus", 1,
      "kexec: unrecognized option '--bogus'\n  kexec --help lists the options\n"),
    .init(
      "exit 1: -S, loaded", "-S --dry-run --machine=@", 1,
      "kernel: not loaded\ncrash kernel: loaded\n"),
  ]

  static let situations: [ExitRow] = [
    .init(
      "kernel missing", "-l --dry-run @/none", 255, "kexec: \"@/none\": No such file or directory\n"
    ),
    .init(
      "kernel a directory", "-l --dry-run @/proc", 255,
      "kexec: \"@/proc\": it is a directory, not a file\n"),
    .init("kernel empty", "-l --dry-run @/empty", 255, "kexec: \"@/empty\": the file is empty\n"),
    .init(
      "initrd missing", "-l --dry-run @/vmlinuz --initrd=@/none", 255,
      "kexec: \"@/none\": No such file or directory\n"),
    .init(
      "initrd a directory", "-l --dry-run @/vmlinuz --initrd=@/proc", 255,
      "kexec: \"@/proc\": it is a directory, not a file\n"),
    .init(
      "initrd empty", "-l --dry-run @/vmlinuz --initrd=@/empty", 255,
      "kexec: \"@/empty\": the file is empty\n"),
    .init(
      "image not recognised", "-l --dry-run @/text", 255,
      "kexec: \"@/text\": not a known kernel format: it starts with 20 20"),
    .init(
      "image truncated", "-l --dry-run @/short", 255,
      "kexec: \"@/short\": truncated: the protected-mode part ends at byte 24576, but the file has only "
        + "20736\n"),
    .init(
      "no free memory", "-c -l --dry-run @/vmlinuz --machine=@ --mem-max=0xffffff", 255,
      "kexec: no free memory for the kernel: it needs 51.4 MiB aligned to 2 MiB at "
    ),
    .init(
      "command line too long", "-c -l --dry-run @/vmlinuz --machine=@ --append=@line", 255,
      "kexec: the command line is too long: 3000 bytes, but the new kernel accepts at most 2047\n"),
    .init(
      "-e with nothing loaded", "-e --dry-run --machine=@", 1, "kexec: nothing is loaded\n"),
    .init(
      "-p without a region", "-p --dry-run @/vmlinuz --machine=@", 254,
      "kexec: no memory is reserved for a crash kernel\n"),
    .init(
      "a failed load of a crash kernel",
      "-c -p --dry-run @/vmlinuz --machine=@/crash --append=@line", 255,
      "kexec: the command line is too long: 3000 bytes, but the new kernel accepts at most 2047; the previous crash "
        + "kernel is still loaded\n"),
  ]

  /// Rows that cannot be shown if root runs the program.
  static let unprivileged = ["not root", "kernel or initrd not readable"]

  static let names = (codes + situations).map(\.name) + unprivileged
}

@Suite struct ExitRowsTests {
  @Test(
    "The built program gives the documented exit code and message in each situation",
    arguments: ExitRow.codes + ExitRow.situations)
  func givesDocumentedExitCodeAndOutput(row: ExitRow) throws {
    let tree = Program.tree()
    let (output, code) = try Program.run(row.arguments, in: tree)
    #expect(output.hasPrefix(Program.inPlace(row.start, in: tree)), "\(output)")
    #expect(code == row.code)
    guard code != 0, output.hasPrefix("kexec: ") else { return }
    // One line, and at most one more with advice.
    let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= 3 && lines.dropFirst().dropLast().allSatisfy { $0.hasPrefix("  ") })
  }

  /// 253 was once the code for something else.
  @Test("The program has no exit codes except 0, 1, 254 and 255, and for dumps 3 and 4")
  func hasOnlyTheseExitCodes() {
    #expect((0...255).filter { ExitCode(rawValue: $0) != nil } == [0, 1, 3, 4, 254, 255])
  }

  @Test("An initrd that cannot be read is a failure with the message Permission denied")
  func unreadableFileIsAFailure() {
    let error = CommandError(FileError("initrd", .errno(.accessDenied)))
    #expect(error.text == "kexec: \"initrd\": Permission denied\n")
    #expect(error.exitCode == .failure)
  }
}

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  @Test(
    "The permission check fails without CAP_SYS_BOOT and advises running kexec as root",
    arguments: ["-l k", "-p k", "-e", "-u", "-f k", "--load-jump-back-helper"])
  func needsCapSysBoot(arguments: String) throws {
    let machine = TemporaryTree([
      "/proc/self/status": "CapEff:\t0\n", "/sys/kernel/kexec_loaded": "1\n",
    ]).machine
    let words = arguments.split(separator: " ").map(String.init)
    let command = Command(
      invocation: try Invocation(["kexec"] + words), kernel: .running)
    let error = #expect(throws: CommandError.self) {
      try command.checkPermission(machine.kexec, purpose: .reboot, forLoad: arguments != "-e")
    }
    #expect(
      error?.text == "kexec: not permitted\n  kexec needs CAP_SYS_BOOT: run it as root\n")
    #expect(error?.exitCode == .failure)
  }
}
