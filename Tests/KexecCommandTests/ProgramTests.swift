import ByteCoding
import Glibc
import KexecCommand
import TestSupport
import Testing

/// What the built program prints, and its exit codes, in addition to ExitRowsTests. Nothing here
/// needs privileges or changes anything.
@Suite struct ProgramTests {
  private let tree = Program.tree()

  /// The arguments, the exit code, and the beginning of the output.
  @Test(
    "The built program gives the expected output and exit code for each command line",
    arguments: [
      ("--version", 0, "kexec \(productVersion)\n"),
      ("--help", 0, "Usage: kexec [OPTION]... [KERNEL]\n"),
      ("", 255, "kexec: no kernel was given\n  kexec --help lists the options\n"),
      (
        "-l --dry-run /dev/null", 255,
        "kexec: \"/dev/null\": it is not a file, a block device or a pipe\n"
      ),
      (
        "-S --dry-run --machine=@/none", 255,
        "kexec: --machine=\"@/none\": there is no \"@/none/proc\"\n"
      ),
      (
        "-l --dry-run @/packed", 255,
        "kexec: \"@/packed\": cannot be decompressed: the gzip stream is damaged at byte 15\n  copy"
      ),
      (
        "-c -l --dry-run @/vmlinuz --initrd @/initrd --machine=@ --json", 0,
        "{\n  \"schema\": 1,\n  \"purpose\": \"reboot\",\n"
      ),
      ("--print-ckr-size --dry-run --machine=@", 0, "0\n"),
      ("-u --dry-run --machine=@", 0, "would unload the kernel\n"),
      ("-S -q --dry-run --machine=@", 1, ""),
      (
        "-S --json --dry-run --machine=@", 1,
        "{\n  \"schema\": 1,\n  \"loaded\": false,\n  \"crashLoaded\": true,\n"
      ),
    ] as [(String, Int32, String)])
  func printsAndExitsAsExpected(arguments: String, exit: Int32, start: String) throws {
    let (output, code) = try Program.run(arguments, in: tree)
    let wanted = Program.inPlace(start, in: tree)
    #expect(output.hasPrefix(wanted), "\(output)")
    #expect(code == exit)
    if wanted.isEmpty { #expect(output.isEmpty) }
  }

  /// Standard input can be read only once.
  @Test("The name - stands for the standard input, which can be read only once")
  func readsStandardInputOnlyOnce() throws {
    let tree = TemporaryTree(["/empty": ""])
    let (output, code) = try Program.run("-l --dry-run - <@/empty", in: tree)
    #expect(output == "kexec: the standard input: the file is empty\n")
    #expect(code == 255)
    let (twice, usage) = try Program.run("-l --dry-run - --initrd=-", in: tree)
    #expect(
      twice.hasPrefix("kexec: - is given twice: the standard input can be read only once\n"),
      "\(twice)")
    #expect(usage == 1)
  }

  /// Arguments, file names and the running command line are bytes.
  @Test("Arguments and file names that are not UTF-8 appear unchanged in the plan")
  func passesBytesThatAreNotUTF8() throws {
    let byte = #"$'\xe9'"#
    // Only the command line of that machine is known.
    let words = "--arch=x86_64 --reuse-cmdline --append=x\(byte) --initrd=@/\(byte)"
    let (plan, code) = try Program.run(
      "-s -l --dry-run @/vmlinuz --machine=@/bytes \(words)", in: tree)
    let (odd, running) = (String(lossless: [0xE9]), String(lossless: [0xFF]))
    #expect(code == 0)
    #expect(plan.contains("\n  cmdline   a=\(running) x\(odd)\n"), "\(plan)")
    #expect(
      plan.contains(Program.inPlace("\n  initrd    @/\(odd) ", in: tree))
        && plan.contains(" 3 bytes\n"), "\(plan)")
    let (json, _) = try Program.run(
      "-s -l --dry-run --json @/vmlinuz --machine=@/bytes \(words)", in: tree)
    #expect(json.contains("\"a=\\ufffd x\\ufffd\""), "\(json)")
    for arguments in ["-l --dry-run @/\(byte)/\(byte)", "-l --bogus\(byte)"] {
      let (error, _) = try Program.run(arguments, in: tree)
      #expect(error.contains(odd), "\(error)")
    }
  }

  @Test("A dry run prints the plan on the output and debug details on the error stream")
  func planGoesToOutputAndDebugToErrors() throws {
    let line = "-d -c -l --dry-run @/vmlinuz --machine=@ --reuse-cmdline --append=x"
    let (all, _) = try Program.run(line, in: tree)
    let (plan, _) = try Program.run(line, in: tree, errors: "/dev/null")
    #expect(all.contains(Program.inPlace("kexec: debug: reading the machine below @/\n", in: tree)))
    #expect(!plan.contains("debug"))
    #expect(plan.contains("\n  cmdline   root=/dev/vda1 x\n"))
    #expect(plan.contains("\n  check     komihash (64 bits) over "))
    #expect(all.hasSuffix(plan))
  }
}
