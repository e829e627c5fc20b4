import ByteCoding
import CrashDumps
import TestSupport
import Testing

@testable import KexecCommand
@testable import LinuxSystem

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// The program called as makedumpfile: which files it writes, what it prints where, and its exit codes.
  @Suite struct MakedumpfileCommandTests {
    private static let memory = CrashImageBuilder { builder in
      builder.setFree(0x400, order: 10)
      builder.setFreeCounter(1024)
      for frame in 0x310..<0x318 { builder.set(frame) { $0.mapping = 0x1001 } }
    }.bytes

    private func kernel(
      _ change: @escaping (inout FakeKernel.Answers) -> Void = { _ in }
    ) -> FakeKernel {
      FakeKernel(["/vmcore": Self.memory, "/logged": DumpLogTests.dump(), "/old": [1]], change)
    }

    private func run(_ line: String, on kernel: FakeKernel) -> Int32 {
      let words = line.replacing("@", with: kernel.tree.path).split(separator: " ")
      return Command.run(["makedumpfile"] + words.map(String.init), on: kernel.value).rawValue
    }

    private func named(_ text: String, _ kernel: FakeKernel) -> String {
      text.replacing(kernel.tree.path, with: "@")
    }

    @Test("A dump is saved without other files, and the messages are those that scripts look for")
    func aDumpIsSaved() throws {
      let kernel = kernel()
      #expect(run("-c -d 31 @/logged @/dump", on: kernel) == 0, "\(kernel.errors)")
      #expect(
        named(kernel.output, kernel)
          == "\nThe dumpfile is saved to @/dump.\n\nmakedumpfile Completed.\n")
      #expect((kernel.files.names(in: "/") ?? []).filter { $0.hasPrefix("dump") } == ["dump"])
      #expect(kernel.files.text("/dump")?.hasPrefix("KDUMP   ") == true)
    }

    @Test(
      "lzo and snappy become zlib, with one line that says so whatever the message level is",
      arguments: [("-l", "lzo"), ("-p", "snappy")])
    func otherCompressionsBecomeZlib(_ row: (option: String, name: String)) throws {
      let kernel = kernel()
      #expect(run("--message-level 0 \(row.option) -d 31 @/logged @/dump", on: kernel) == 0)
      #expect(
        kernel.errors.contains(
          "kexec: warning: \(row.option): pages are compressed by zlib (-c), because this program does"
            + " not write \(row.name)\n"))
      #expect(kernel.output == "")
      // The status in the header: 1 is zlib.
      let bytes = try #require(kernel.files.text("/dump")).losslessBytes
      #expect(bytes[424] == 1)
    }

    @Test("A dump that is complete, but lacks something, has exit code 0; kexec dump has 3")
    func downgradesAreNoFailure() {
      let kernel = kernel()
      #expect(run("-z -d 31 @/vmcore @/dump", on: kernel) == 0)
      #expect(kernel.errors.contains("warning"))
      let other = self.kernel()
      #expect(other.run("dump @/vmcore @/dump") == .downgraded)
    }

    /// What fails, with the last line of the error.
    static let failures: [(line: String, error: String)] = [
      ("-d 31 @/none @/dump", "kexec: \"@/none\": No such file or directory"),
      ("-d 31 @/old @/dump", "kexec: \"@/old\": it starts with 0x"),
      ("-d 31 @/vmcore @/old", "kexec: \"@/old\": there is such a file already"),
      ("--dump-dmesg @/logged @/old", "kexec: \"@/old\": there is such a file already"),
      ("-d 31 @/vmcore @/none/dump", "kexec: \"@/none"),
    ]

    @Test("What fails has exit code 1, and says why and that it failed", arguments: failures)
    func failuresHaveExitCodeOne(_ row: (line: String, error: String)) {
      let kernel = kernel()
      #expect(run(row.line, on: kernel) == 1)
      #expect(named(kernel.errors, kernel).contains(row.error), "\(kernel.errors)")
      #expect(kernel.output == "\nmakedumpfile Failed.\n")
      #expect(!kernel.errors.contains("--force"))
      #expect(kernel.files.text("/old") == "\u{1}")
    }

    @Test("-f replaces a file")
    func forceReplaces() {
      let kernel = kernel()
      #expect(run("-f --dump-dmesg @/logged @/old", on: kernel) == 0)
      #expect(kernel.files.text("/old")?.hasPrefix("[    0.000000] Linux version") == true)
      #expect(
        named(kernel.output, kernel)
          == "\nThe dmesg log is saved to @/old.\n\nmakedumpfile Completed.\n")
    }

    @Test("With debugging, OSRELEASE and CRASHTIME are lines of their own on the message stream")
    func debuggingPrintsInformation() {
      let kernel = kernel()
      #expect(run("-D -x vmlinux --dump-dmesg @/logged @/log", on: kernel) == 0)
      #expect(kernel.output.contains("  OSRELEASE=6.12.0\n"), "\(kernel.output)")
      #expect(kernel.output.contains("  CRASHTIME="))
      #expect(kernel.errors.contains("kexec: debug: -x is not needed\n"))
    }

    @Test("--dry-run writes no file, and the report is in makedumpfile's form")
    func dryRunReports() {
      let kernel = kernel()
      #expect(
        run("-d 31 -c --dry-run --show-stats --message-level 4 @/vmcore @/dump", on: kernel) == 0)
      #expect(!kernel.files.exists("/dump"))
      let lines = kernel.output.split(separator: "\n").map(String.init)
      for line in [
        "Original pages  : 0x0000000000000800", "    User process data pages : 0x0000000000000008",
        "    Free pages              : 0x0000000000000400", "Memory Hole     : 0x0000000000000000",
        "Total pages     : 0x0000000000000800",
      ] {
        #expect(lines.contains(line), "\(line): \(kernel.output)")
      }
      #expect(kernel.output.contains("\nWrite bytes     : "))
      #expect(!kernel.output.contains("Completed"))
    }

    @Test("--mem-usage prints the columns that scripts read")
    func memoryUsageHasColumns() {
      let kernel = kernel()
      #expect(run("--mem-usage @/vmcore", on: kernel) == 0)
      let lines = kernel.output.split(separator: "\n").map(String.init)
      #expect(lines.first == "TYPE\t\tPAGES\t\t\tEXCLUDABLE\tDESCRIPTION")
      var pages: [String: UInt64] = [:]
      for line in lines {
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        if words.count > 2, let count = UInt64(words[1]) { pages[String(words[0])] = count }
      }
      #expect(pages["FREE"] == 1024)
      #expect(pages["USER"] == 8)
      #expect(
        Set(pages.keys) == ["ZERO", "NON_PRI_CACHE", "PRI_CACHE", "USER", "FREE", "KERN_DATA"])
      #expect(pages.values.reduce(0, +) == 2048)
      #expect(lines.contains("Total pages on system:\t2048            "))
    }

    @Test("-h and -v name the compressions, and the version that scripts look for")
    func helpAndVersion() {
      let kernel = kernel()
      #expect(run("-v", on: kernel) == 0)
      #expect(kernel.output.hasPrefix("makedumpfile: version 1.7.8 (its options, in kexec "))
      #expect(kernel.output.hasSuffix("lzo\tdisabled\nsnappy\tdisabled\nzstd\tenabled\n"))
      let help = self.kernel()
      #expect(run("-h", on: help) == 0)
      #expect(help.output.hasPrefix("Usage: makedumpfile [OPTION]... VMCORE DUMPFILE\n"))
      #expect(help.output.contains("\n  -d LEVEL  "))
      #expect(help.output.contains("\n      --check-params  "))
      for line in help.output.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    }

    @Test("A terminal gets no dump")
    func terminalsGetNoDump() {
      let kernel = kernel { $0.columns = 80 }
      #expect(run("-F -d 31 @/vmcore", on: kernel) == 1)
      #expect(kernel.errors.contains("the standard output is a terminal"))
    }
  }
}
