import KernelImages
import TestSupport
import Testing

@testable import KexecCommand
@testable import LinuxSystem

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// `--early-output` works with every load of a Linux kernel. EarlyOutputTests tests which
  /// parameters it adds.
  @Suite struct EarlyOutputLoadTests {
    private static let files: [String: [UInt8]?] = [
      "/proc/iomem": Array(
        "00001000-0009ffff : System RAM\n00100000-5ffdffff : System RAM\n  10000000-17ffffff : Crash kernel\n"
          .utf8),
      "/sys/kernel/kexec_crash_size": Array("134217728\n".utf8),
      "/proc/consoles": Array("ttyS0                -W- (EC p a)    4:64\n".utf8),
      "/proc/cmdline": Array("console=ttyS0,115200n8 root=/dev/vda1\n".utf8),
      "/sys/class/tty/ttyS0/port": Array("0x3F8\n".utf8),
      "/elf": ELFBuilder(is64Bit: true).bytes(), "/vmlinux": VmlinuxBuilder().bytes,
    ]
    private static let words = "earlycon=uart8250,io,0x3f8,115200n8 keep_bootcon"

    @Test(
      "--early-output adds earlycon to the command line of every load of a Linux kernel",
      arguments: [
        "-l -c @/vmlinuz", "-l -s @/vmlinuz", "-l @/vmlinuz", "-p @/vmlinuz", "-p -c @/vmlinuz",
        "-p -s @/vmlinuz", "-f @/vmlinuz", "@/vmlinuz", "-l --load-preserve-context @/vmlinuz",
        "-l -c --entry-32bit @/vmlinuz", "-l --args-linux @/vmlinux",
        "-l --reuse-cmdline @/vmlinuz",
      ])
    func everyLinuxLoadGetsEarlyOutput(line: String) {
      let kernel = FakeKernel(Self.files)
      let append = line.contains("--reuse") ? [] : ["--append=x -- y"]
      let words = line.split(separator: " ").map(String.init)
      #expect(
        kernel.run(words: words + append + ["--early-output", "--dry-run", "--json"]) == .success)
      #expect(
        kernel.output.contains("\"commandLine\": \"\(Self.words) "), "\(line): \(kernel.output)")
      #expect(kernel.output.contains("\"code\": \"earlyOutput\""))
      let plain = FakeKernel(Self.files)
      #expect(plain.run(words: words + append + ["--dry-run", "-d"]) == .success)
      #expect(!plain.output.contains("earlycon"))
      #expect(
        plain.output.contains("what the kernel says before its consoles\n"), "\(plain.output)")
    }

    @Test("kexec_file_load gets a command line that begins with the words of --early-output")
    func fileLoadGetsEarlyOutputWords() throws {
      let kernel = FakeKernel(Self.files)
      #expect(kernel.run("-l -s --early-output @/vmlinuz") == .success, "\(kernel.errors)")
      guard case .fileLoad(_, _, let line, _) = try #require(kernel.calls.first) else {
        Issue.record("\(kernel.calls)")
        return
      }
      #expect(String(decoding: line, as: UTF8.self).hasPrefix(Self.words))
    }

    @Test("--early-output has no effect on a plain ELF file, and the plan has a note about it")
    func otherFilesGetNoEarlyOutput() {
      let kernel = FakeKernel(Self.files)
      #expect(kernel.run("-l --dry-run --early-output @/elf") == .success, "\(kernel.errors)")
      #expect(!kernel.output.contains("earlycon"))
      #expect(
        kernel.output.contains(
          "warning   --early-output has no effect on a file of this type\n"))
    }

    /// Nothing may be loaded.
    @Test(
      "--early-output refuses to load when no serial port is in use",
      arguments: ["-l -c", "-l -s", "-p"])
    func earlyOutputNeedsASerialPort(line: String) {
      let kernel = FakeKernel(
        Self.files.merging([
          "/proc/consoles": Array("tty0                 -WU (EC p  )    4:1\n".utf8),
          "/proc/cmdline": Array("quiet\n".utf8),
        ]) { $1 })
      #expect(kernel.run("\(line) --early-output @/vmlinuz") == .failure)
      #expect(
        kernel.errors.contains(
          "kexec: --early-output: no PC serial port (ttyS) is in use: the running kernel writes to tty0"
        ))
      #expect(kernel.errors.contains("--serial=ttyS0") && kernel.calls.isEmpty)
    }
  }
}
