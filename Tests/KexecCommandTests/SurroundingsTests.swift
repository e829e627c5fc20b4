import Glibc
import TestSupport
import Testing

@testable import KexecCommand
@testable import KexecPlanning
@testable import LinuxSystem

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// Unusual surroundings: an output that cannot be written, and missing directories.
  /// script/surroundings tests the built program with closed streams and an empty root.
  @Suite struct SurroundingsTests {
    private static let crash: [String: [UInt8]?] = [
      "/proc/iomem": Array(
        "00100000-5ffdffff : System RAM\n  10000000-17ffffff : Crash kernel\n".utf8),
      "/sys/kernel/kexec_crash_size": Array("134217728\n".utf8),
      "/sys/kernel/kexec_crash_loaded": Array("1\n".utf8),
    ]
    private static let full = Errno(rawValue: ENOSPC)

    /// Commands that print something.
    static let printing = [
      "--version", "--help", "status --help", "-S", "-S --json", "-S -l", "status", "status --json",
      "--print-ckr-size", "-u --dry-run", "-u -p --dry-run", "-e --dry-run",
      "-l --dry-run @/vmlinuz",
      "-l --dry-run --json @/vmlinuz", "-s -l --dry-run @/vmlinuz", "-p --dry-run @/vmlinuz",
      "-f --dry-run @/vmlinuz", "--dry-run @/vmlinuz",
      "-l --dry-run --machine=@ --arch=x86_64 @/vmlinuz",
      "--load-jump-back-helper --entry=0x1000 --dry-run",
    ]

    @Test(
      "A command whose output cannot be written fails with an error",
      arguments: printing, [ENOSPC, EPIPE, EBADF, EIO, EDQUOT])
    func lostOutputIsAFailure(line: String, number: Int32) {
      let kernel = FakeKernel(Self.crash) { $0.output = Errno(rawValue: number) }
      #expect(kernel.run(line) == .failure)
      let text = Errno(rawValue: number).message
      #expect(
        kernel.errors
          == (number == EBADF
            ? "kexec: the standard output is closed: the output is lost\n"
            : "kexec: cannot write to the standard output: \(text)\n"))
      #expect(kernel.calls.isEmpty)
    }

    /// The kernel is loaded, and the error says so.
    @Test(
      "A load with --json stays loaded and recorded when its plan cannot be printed",
      arguments: [
        ("-l --json @/vmlinuz", "kernel"), ("-l -s --json @/vmlinuz", "kernel"),
        ("-l -c --json @/vmlinuz --initrd=@/initrd", "kernel"),
        ("-p --json @/vmlinuz", "crash kernel"),
        ("-p -c --json @/vmlinuz", "crash kernel"),
        ("--load-preserve-context --json @/vmlinuz", "kernel"),
        ("--load-jump-back-helper --entry=0x1000 --json", "kernel"),
      ], [ENOSPC, EPIPE, EBADF])
    func loadStaysWhenItsPlanIsLost(row: (line: String, name: String), number: Int32) {
      let kernel = FakeKernel(Self.crash) { $0.output = Errno(rawValue: number) }
      #expect(kernel.run(row.line) == .failure)
      #expect(kernel.calls.count == 1, "\(kernel.calls)")
      #expect(kernel.errors.contains("the standard output"), "\(kernel.errors)")
      #expect(
        kernel.errors.hasSuffix(
          "\n  the \(row.name) is loaded anyway: only its plan is lost\n"))
      let purpose: LoadOptions.Purpose = row.name == "kernel" ? .reboot : .crash
      #expect(kernel.files.exists(LoadRecords.path(of: purpose)))
    }

    /// A command that prints nothing does not need the output.
    @Test(
      "A command that prints nothing succeeds without a working output",
      arguments: [
        "-l @/vmlinuz", "-s -l @/vmlinuz", "-p @/vmlinuz", "-u", "-u -p", "-e",
        "-f --json @/vmlinuz",
        "--json @/vmlinuz", "-l --load-preserve-context @/vmlinuz",
      ])
    func silentCommandNeedsNoOutput(line: String) {
      let kernel = FakeKernel(Self.crash) { $0.output = Self.full }
      #expect(kernel.run(line) == .success, "\(kernel.errors)")
      #expect(kernel.errors == "")
    }

    /// The error is still reported, with its own exit code.
    @Test(
      "An error keeps its message and exit code when the output cannot be written",
      arguments: [
        ("-l --json @/none", ExitCode.failure, "kexec: \"@/none\": No such file or directory\n"),
        ("-e --json --bogus", .usage, "kexec: unrecognized option '--bogus'\n"),
        (
          "-p --json @/vmlinuz", .noCrashRegion, "kexec: no memory is reserved for a crash kernel\n"
        ),
      ] as [(String, ExitCode, String)])
    func errorSurvivesLostOutput(line: String, exit: ExitCode, start: String) {
      let kernel = FakeKernel { $0.output = Self.full }
      #expect(kernel.run(line) == exit)
      let said = kernel.errors.replacing(kernel.tree.path, with: "@")
      #expect(said.hasPrefix(start), "\(said)")
      #expect(
        said.contains("kexec: cannot write to the standard output: No space left on device\n"))
    }

    @Test("A refused load reports its error when its plan cannot be printed")
    func refusedLoadIsReportedWithoutOutput() {
      let kernel = FakeKernel { ($0.kexecLoad, $0.output) = ([.busy], Self.full) }
      #expect(kernel.run("-l -c --json @/vmlinuz") == .failure)
      #expect(
        kernel.errors.contains("kexec: warning: cannot write to the standard output: No space"))
      #expect(
        kernel.errors.contains("kexec: cannot load ") && kernel.errors.contains("another load"))
    }

    @Test("The program stops before any system call when it cannot replace a closed stream")
    func closedStreamStopsTheProgram() {
      let kernel = FakeKernel { $0.canHoldClosedStreams = false }
      #expect(kernel.run("-l @/vmlinuz") == .failure)
      #expect(
        kernel.calls.isEmpty && kernel.errors.hasPrefix("kexec: a standard stream is closed, "))
    }

    /// All files without those of `/proc`, of `/sys`, or of both.
    private static func without(_ directories: String...) -> [String: [UInt8]?] {
      var files: [String: [UInt8]?] = [:]
      for path in Array(FakeKernel.files.keys) + ["/sys/kernel/boot_params/data"]
      where directories.contains(where: path.hasPrefix) {
        files.updateValue(nil, forKey: path)
      }
      return files
    }

    private static let mounts =
      "\n  /proc and /sys must be mounted: mount -t proc proc /proc; mount -t sysfs sysfs /sys\n"

    /// The missing directories, the command, its exit code, and its error. Nil: it succeeds, and
    /// prints at most warnings.
    static let missing: [(directories: [String], line: String, code: ExitCode, said: String?)] = [
      (["/proc", "/sys"], "--version", .success, nil),
      (
        ["/proc", "/sys"], "-S", .failure,
        "/sys/kernel is not there: what is loaded cannot be determined\n"
      ),
      (
        ["/proc", "/sys"], "status", .failure,
        "/sys/kernel is not there: what is loaded cannot be determined\n"
      ),
      (
        ["/proc", "/sys"], "--print-ckr-size", .failure,
        "cannot tell what is reserved: /sys/kernel/kexec_crash_size and /proc/iomem are missing"
          + mounts
      ),
      (["/proc", "/sys"], "report", .usage, "this system's command line has no time stamps\n"),
      (["/proc", "/sys"], "-u", .success, nil), (["/proc", "/sys"], "-e", .success, nil),
      // kexec_file_load finds free memory itself; kexec_load must be told where it is.
      (["/proc", "/sys"], "-s -l @/vmlinuz", .success, nil),
      (
        ["/proc", "/sys"], "-c -l @/vmlinuz", .failure,
        "no memory map: /proc/iomem is missing or empty, and /sys/firmware/memmap is missing"
          + mounts
      ),
      (
        ["/proc", "/sys"], "-p @/vmlinuz", .failure,
        "cannot tell whether memory is reserved for a crash kernel: /proc/iomem and "
          + "/sys/kernel/kexec_crash_size are missing" + mounts
      ),
      (["/proc"], "--print-ckr-size", .success, nil), (["/sys"], "--print-ckr-size", .success, nil),
      (["/sys"], "-c -l @/vmlinuz", .success, nil), (["/proc"], "-S", .success, nil),
      (["/sys"], "-S", .failure, "/sys/kernel is not there: what is loaded cannot be determined\n"),
      // What the option would reuse is missing.
      (
        ["/proc"], "-s -l --reuse-cmdline @/vmlinuz", .failure,
        "\"@/proc/cmdline\": No such file or directory\n  --reuse-cmdline needs it: /proc and /sys must"
      ),
      (
        ["/proc"], "-s -l --reuse-cmdline --dry-run @/vmlinuz", .failure,
        "\"@/proc/cmdline\": No such file or directory\n"
      ),
      (["/proc"], "-s -l --reuse-cmdline --command-line=x @/vmlinuz", .success, nil),
      (
        ["/proc"], "-s -l --reuse-console @/vmlinuz", .failure,
        "\"@/proc/consoles\": No such file or directory\n  --reuse-console needs it: "
      ),
      (
        ["/proc"], "-s -l --preserve=modules @/vmlinuz", .failure,
        "\"@/proc/modules\": No such file or directory\n  --preserve=modules needs it: "
      ),
      (
        ["/sys"], "-l --reuseinitrd @/vmlinuz", .failure,
        "\"@/sys/firmware/initrd\": No such file or directory\n"
      ),
      (["/run"], "-l @/vmlinuz", .success, nil), (["/run"], "-u", .success, nil),
      (["/run"], "-e", .success, nil), (["/var"], "-l --stamp @/vmlinuz", .success, nil),
    ]

    @Test(
      "Each command works or gives a clear error when /proc, /sys, /run or /var is missing",
      arguments: missing.indices)
    func missingDirectoriesAreHandled(index: Int) {
      let row = Self.missing[index]
      var files: [String: [UInt8]?] = [:]
      for directory in row.directories { files.merge(Self.without(directory)) { $1 } }
      let kernel = FakeKernel(files)
      #expect(kernel.run(row.line) == row.code, "\(row): \(kernel.errors)")
      let said = kernel.errors.replacing(kernel.tree.path, with: "@")
      if let text = row.said {
        #expect(
          said.hasPrefix("kexec: " + text) || said.hasPrefix("kexec: @" + text), "\(row): \(said)")
        #expect(kernel.calls.isEmpty)
      } else {
        #expect(
          said.split(separator: "\n").allSatisfy { $0.hasPrefix("kexec: warning: ") },
          "\(row): \(said)")
      }
    }

    /// Without a record, the memory map cannot be checked before -e, so there must be a warning.
    @Test("A load warns when its record in /run cannot be written")
    func warnsWhenRecordCannotBeWritten() {
      let kernel = FakeKernel(["/run/utmp": nil])
      #expect(kernel.run("-l @/vmlinuz") == .success)
      #expect(
        kernel.errors.contains(
          "kexec: warning: /run/kexec-loaded cannot be written: -S will not be able to tell what is loaded, nor -e "
            + "whether the memory map has changed\n"), "\(kernel.errors)")
    }
  }
}
