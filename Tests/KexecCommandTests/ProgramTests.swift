import Glibc
import TestSupport
import Testing

/// The built program, as a user runs it: what it prints and what it exits with. Nothing here needs
/// rights or changes anything.
@Suite(.enabled(if: program != nil, "kexec is not built beside the tests")) struct ProgramTests {
  /// A machine with RAM, a kernel of ours in its root, and files that are none.
  private let tree = TemporaryTree(bytes: [
    "/proc/iomem": Array(
      "00001000-0009ffff : System RAM\n00100000-5ffdffff : System RAM\n".utf8),
    "/proc/cmdline": Array("BOOT_IMAGE=/vmlinuz root=/dev/vda1\n".utf8),
    "/sys/kernel/kexec_loaded": Array("0\n".utf8),
    "/sys/kernel/kexec_crash_loaded": Array("1\n".utf8),
    "/sys/kernel/kexec_crash_size": Array("0\n".utf8),
    "/vmlinuz": BzImageBuilder().bytes, "/short": Array(BzImageBuilder().bytes.prefix(0x5100)),
    "/bytes/proc/cmdline": [0x61, 0x3D, 0xFF, 0x0A], "/empty": [],
    "/text": [UInt8](repeating: 0x20, count: 2000),
    "/packed": [0x1F, 0x8B, 8] + [UInt8](repeating: 0, count: 2000), "/initrd": [1, 2, 3],
  ])

  /// The arguments, where `@` is the machine's folder; the exit code; and how the output starts.
  @Test(
    arguments: [
      ("--version", 0, "kexec 0.1.0\n"), ("--help", 0, "Usage: kexec [OPTION]... [KERNEL]\n"),
      ("", 1, "kexec: no kernel was given\n  kexec --help lists the options\n"),
      ("--bogus", 1, "kexec: unrecognized option '--bogus'\n  kexec --help lists the options\n"),
      ("-l --dry-run @/none", 255, "kexec: @/none: No such file or directory\n"),
      ("-l --dry-run @/proc", 255, "kexec: @/proc: it is a directory, not a file\n"),
      ("-l --dry-run @/empty", 255, "kexec: @/empty: the file is empty\n"),
      ("-l --dry-run /dev/null", 255, "kexec: /dev/null: it is not a regular file\n"),
      ("-l --dry-run @/text", 255, "kexec: @/text: not a kernel that I know: it starts with 20 20"),
      (
        "-l --dry-run @/packed", 255,
        "kexec: @/packed: cannot be unpacked: the gzip stream is damaged at byte 15\n  copy"
      ),
      (
        "-l --dry-run @/short", 255,
        "kexec: @/short: truncated: the protected-mode part ends at byte 24576, but the file has only "
          + "20736\n"
      ),
      ("-l --dry-run @/vmlinuz --initrd=@/none", 255, "kexec: @/none: No such file or directory\n"),
      ("-l --dry-run @/vmlinuz --machine=@", 0, "kernel        @/vmlinuz: 6.1.0-56-cloud-amd64"),
      (
        "-c -l --dry-run @/vmlinuz --initrd @/initrd --machine=@ --json", 0,
        "{\n  \"purpose\": \"reboot\",\n"
      ),
      (
        "-p --dry-run @/vmlinuz --machine=@", 254,
        "kexec: no memory is reserved for a panic kernel\n"
      ),
      (
        "-c -l --dry-run @/vmlinuz --machine=@ --mem-max=0xffffff", 255,
        "kexec: no room for the kernel: "
      ),
      ("-e --dry-run --machine=@", 1, "kexec: nothing is loaded\n"),
      ("--print-ckr-size --dry-run --machine=@", 0, "0\n"),
      (
        "-c -l --dry-run @/vmlinuz --machine=@ --append=@line", 255,
        "kexec: the command line is too long: 3000 bytes, and this kernel takes 2047\n"
      ),
      (
        "-l --dry-run @/vmlinuz --machine=@/bytes --reuse-cmdline", 255,
        "kexec: /proc/cmdline: the byte at offset 2 is not UTF-8: the line cannot be reused\n"
      ),
      ("-u --dry-run", 0, "would unload the kernel\n"),
      ("-S --dry-run --machine=@", 1, "kernel: not loaded\npanic kernel: loaded\n"),
      ("-S -l --dry-run --machine=@", 0, "kernel: not loaded\npanic kernel: loaded\n"),
      ("-S -q --dry-run --machine=@", 1, ""),
      ("-S --json --dry-run --machine=@", 1, "{\n  \"loaded\": false,\n  \"crashLoaded\": true,\n"),
    ] as [(String, Int32, String)])
  func prints(arguments: String, exit: Int32, start: String) throws {
    let folder = tree.path
    let (output, code) = try run(inPlace(arguments, folder))
    let wanted = inPlace(start, folder)
    #expect(output.hasPrefix(wanted), "\(output)")
    #expect(code == exit)
    if wanted.isEmpty { #expect(output.isEmpty) }
  }

  @Test func aPlanGoesToTheOutputAndDetailsToTheErrorStream() throws {
    let folder = tree.path
    let line = "-d -c -l --dry-run \(folder)/vmlinuz --machine=\(folder) --reuse-cmdline --append=x"
    let (all, _) = try run(line)
    let (plan, _) = try run(line, errors: "/dev/null")
    #expect(all.contains("kexec: debug: reading the machine below \(folder)/\n"))
    #expect(!plan.contains("debug"))
    #expect(plan.contains("\ncommand line  root=/dev/vda1 x\n"))
    #expect(plan.contains("\ncheck         komihash (64 bits) over "))
    #expect(all.hasSuffix(plan))
  }

  private func inPlace(_ text: String, _ folder: String) -> String {
    text.replacing("@line", with: String(repeating: "x", count: 3000))
      .split(separator: "@", omittingEmptySubsequences: false).joined(separator: folder)
  }

  /// Runs the program by way of the shell: no argument here has a blank or a quote.
  private func run(_ arguments: String, errors: String = "&1") throws -> (String, Int32) {
    let path = try #require(program)
    // Under one name, since the C library's messages begin with it.
    let line = "exec -a kexec '\(path)' \(arguments) 2>\(errors)"
    guard let pipe = unsafe popen("bash -c \"\(line)\" </dev/null", "r") else {
      Issue.record("no shell")
      return ("", -1)
    }
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe fread(&chunk, 1, chunk.count, pipe)
      if count == 0 { break }
      output += chunk[..<count]
    }
    let status = unsafe pclose(pipe)
    return (String(decoding: output, as: UTF8.self), status >> 8 & 0xFF)
  }
}

/// Where the built program is: beside the test bundle, which is an argument of the test runner.
private let program: String? = {
  for argument in CommandLine.arguments {
    guard let end = argument.firstRange(of: "/kexecPackageTests.xctest") else { continue }
    let path = argument[..<end.lowerBound] + "/kexec"
    if unsafe access(String(path), X_OK) == 0 { return String(path) }
  }
  return nil
}()
