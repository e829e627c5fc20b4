import LinuxSystem
import TestSupport
import Testing

@testable import KexecCommand

/// A command line, and the exit codes of kexec-tools 2.0.32 and of our program: scripts rely on
/// them. Where they differ, the table in docs/compared.md has a row with the reason.
struct KexecToolsRow: Sendable, CustomTestStringConvertible {
  /// The row's name in docs/compared.md and in Tests/Fixtures/rows.txt.
  let name: String
  let line: String
  /// The exit code of kexec-tools, as observed.
  let theirs: Int32
  let ours: ExitCode
  /// Our message, or its beginning.
  let start: String
  let files: [String: [UInt8]?]
  /// The running kernel's answers.
  let fileLoad: [Errno]

  var testDescription: String { "\(name): \(line)" }

  init(
    _ name: String, _ line: String, _ theirs: Int32, _ ours: ExitCode, _ start: String = "",
    files: [String: [UInt8]?] = [:], fileLoad: [Errno] = []
  ) {
    self.name = name
    self.line = line
    (self.theirs, self.ours, self.start) = (theirs, ours, start)
    (self.files, self.fileLoad) = (files, fileLoad)
  }

  private static let withoutKexec: [String: [UInt8]?] = [
    "/sys/kernel/kexec_loaded": nil, "/sys/kernel/kexec_crash_loaded": nil,
    "/sys/kernel/kexec_crash_size": nil,
  ]
  private static let withoutCrash: [String: [UInt8]?] = [
    "/sys/kernel/kexec_crash_loaded": nil, "/sys/kernel/kexec_crash_size": nil,
  ]

  static let all: [KexecToolsRow] = [
    // Equal exit codes.
    .init("-S without kexec in the kernel", "-S", 255, .failure, files: withoutKexec),
    .init("-S without kexec in the kernel", "-S -l", 255, .failure, files: withoutKexec),
    .init("-S without kexec in the kernel", "-S -p", 255, .failure, files: withoutKexec),
    .init("-S without kexec in the kernel", "-S -q", 255, .failure, files: withoutKexec),
    .init("-S without kexec in the kernel", "-S --json", 255, .failure, files: withoutKexec),
    .init("-S without kexec in the kernel", "-S", 255, .failure, files: withoutCrash),
    .init("-S with kexec in the kernel", "-S -l", 1, .usage, files: withoutCrash),
    .init("-S with kexec in the kernel", "-S", 0, .success),
    .init("no kernel named", "", 255, .failure, "kexec: no kernel was given\n"),
    .init("no kernel named", "-l", 255, .failure, "kexec: no kernel was given\n"),
    .init("no kernel named", "-x", 255, .failure, "kexec: no kernel was given\n"),
    .init("no kernel named", "-s", 255, .failure, "kexec: no kernel was given\n"),
    .init(
      "unknown type", "-l -t foo @/vmlinuz", 255, .failure, "kexec: -t foo: not a type of kernel"),
    .init("unknown type", "-p --type=x @/vmlinuz", 255, .failure, "kexec: --type=x: not a type of"),
    .init(
      "another type", "-c -l -t elf-x86 @/vmlinuz", 255, .failure, "kexec: \"@/vmlinuz\": not of"),
    .init(
      "bad serial line", "-l --serial-baud=9601 @/vmlinuz", 255, .failure,
      "kexec: --serial-baud=9601: the rate"),
    .init(
      "bad serial line", "-l --serial-baud=230400 @/vmlinuz", 255, .failure,
      "kexec: --serial-baud=23"),
    .init(
      "bad serial line", "-l --serial=foo @/vmlinuz", 255, .failure, "kexec: --serial=foo: expected"
    ),
    .init(
      "bad serial line", "-l --serial= @/vmlinuz", 255, .failure,
      "kexec: --serial: its value is empty: expected"),
    .init("unknown option", "--bogus", 1, .usage, "kexec: unrecognized option '--bogus'\n"),
    .init(
      "live update of Xen", "--load-live-update", 1, .usage, "kexec: --load-live-update: a live"),
    .init(
      "live update of Xen", "--exec-live-update", 1, .usage, "kexec: --exec-live-update: a live"),
    .init("live update of Xen", "-l --load-live-update @/vmlinuz", 1, .usage, "kexec: --load-live"),
    .init(
      "bad address", "-l --mem-min=x @/vmlinuz", 1, .usage, "kexec: --mem-min=x: not an address"),
    .init(
      "bad address", "-l --mem-max=0x @/vmlinuz", 1, .usage, "kexec: --mem-max=0x: not an address"),
    .init(
      "a load without kexec in the kernel", "-l @/vmlinuz", 255, .failure,
      "kexec: the running kernel was", files: withoutKexec),
    .init(
      "a load without kexec in the kernel", "-u", 255, .failure, "kexec: the running kernel was",
      files: withoutKexec),
    .init(
      "-e where nothing is loaded", "-e", 1, .usage, "kexec: nothing is loaded\n",
      files: ["/sys/kernel/kexec_loaded": [0x30]]),
    .init(
      "-e where nothing is loaded", "-e", 1, .usage, "kexec: the running kernel was",
      files: withoutKexec),
    // Different exit codes.
    .init("no memory reserved", "-p @/vmlinuz", 1, .noCrashRegion, "kexec: no memory is reserved"),
    .init("no memory reserved", "-u -p", 1, .noCrashRegion, "kexec: no memory is reserved"),
    .init(
      "a file that cannot be read", "-l @/none", 1, .failure, "kexec: \"@/none\": No such file"),
    .init(
      "a file that cannot be read", "-s -l @/none", 1, .failure, "kexec: \"@/none\": No such file"),
    .init(
      "a file that cannot be read", "-l @/proc", 1, .failure, "kexec: \"@/proc\": it is a directory"
    ),
    .init(
      "a file that cannot be read", "-l /dev/null", 1, .failure,
      "kexec: \"/dev/null\": it is not"),
    .init(
      "a file that cannot be read", "-l @/run/utmp", 1, .failure,
      "kexec: \"@/run/utmp\": the file is empty"),
    .init(
      "a file that cannot be read", "-c -l @/vmlinuz --initrd=@/none", 1, .failure,
      "kexec: \"@/none\": No"),
    .init(
      "a file that cannot be read", "-s -l @/vmlinuz --initrd=@/none", 255, .failure,
      "kexec: \"@/none\": No"),
    .init(
      "-s where the call is missing", "-s -l @/vmlinuz", 253, .failure,
      "kexec: cannot load \"@/vmlinuz\"",
      fileLoad: [.notImplemented]),
    .init(
      "-s where the call is missing", "-s -u", 253, .failure, "kexec: cannot unload the kernel",
      fileLoad: [.notImplemented]),
    .init(
      "negative or empty address", "-l --mem-max=-1 @/vmlinuz", 0, .usage,
      "kexec: --mem-max=-1: not"),
    .init(
      "negative or empty address", "-l --mem-min= @/vmlinuz", 0, .usage,
      "kexec: --mem-min: its value"),
    .init("address with a unit", "-c -l --mem-max=1G @/vmlinuz", 1, .success),
    .init("address with a unit", "-c -l --mem-min=16M @/vmlinuz", 1, .success),
    .init(
      "--entry for a load", "--entry=0x100000 -c -l @/vmlinuz", 0, .usage,
      "kexec: --entry needs"),
    .init(
      "--load-preserve-context without --mem-max", "--load-preserve-context @/vmlinuz", 1, .success),
    .init("two kernels named", "-l @/vmlinuz @/none", 0, .usage, "kexec: two kernels were given"),
    .init("two actions", "-l -u @/vmlinuz", 0, .usage, "kexec: -u (--unload) and -l (--load)"),
    .init(
      "-S with more to do", "-S @/vmlinuz", 0, .failure, "kexec: -S (--status) takes no kernel"),
    .init("-S with more to do", "-S -u", 0, .failure, "kexec: -S (--status) and -u (--unload)"),
    .init("-f without a kernel", "-f", 255, .success),
    .init("a kernel beside -u or -e", "-u @/vmlinuz", 0, .usage, "kexec: -u (--unload) takes no"),
    .init("a kernel beside -u or -e", "-e @/vmlinuz", 0, .usage, "kexec: -e (--exec) takes no"),
    .init(
      "no memory in the bounds", "-c -l --mem-max=0x100000 @/vmlinuz", 1, .failure,
      "kexec: no free memory for the kernel"),
    .init(
      "a type with the file call", "-s -l -t elf-x86 @/vmlinuz", 0, .failure,
      "kexec: \"@/vmlinuz\": not of type elf-x86"),
    .init("a type with the file call", "-s -l -t foo @/vmlinuz", 0, .failure, "kexec: -t foo: no"),
    .init(
      "--load-jump-back-helper without -c", "--load-jump-back-helper --entry=0x1000", 1, .success),
    .init(
      "an empty name", "-s -l @/vmlinuz --initrd=", 255, .usage, "kexec: --initrd: its value is"),
    .init("an empty name", "-c -l @/vmlinuz --initrd=", 1, .usage, "kexec: --initrd: its value is"),
    .init(
      "a text in the place of a kernel", "-l @/text", 139, .failure, "kexec: \"@/text\": not a",
      files: ["/text": [UInt8](repeating: 0x20, count: 2000)]),
    .init(
      "options for other processors", "-c -l --dtb=@/none @/vmlinuz", 0, .failure,
      "kexec: \"@/none\": No such"),
    .init(
      "a file that cannot be read", "-c -l --reuseinitrd @/vmlinuz", 1, .failure,
      "kexec: \"@/sys/firmware/initrd\": No such"),
    .init("rate 0", "-l --serial-baud=0 @/vmlinuz", 136, .success),
  ]

  /// The names, each once, in order.
  static let names = all.reduce(into: [String]()) {
    if !$0.contains($1.name) { $0.append($1.name) }
  }
}

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  @Suite struct KexecToolsRowsTests {
    @Test(
      "Each listed command line gives the exit code and message that scripts rely on",
      arguments: KexecToolsRow.all)
    func exitsAsListedForScripts(row: KexecToolsRow) {
      let kernel = FakeKernel(row.files) { $0.kexecFileLoad = row.fileLoad }
      #expect(kernel.run(row.line) == row.ours, "\(kernel.errors)")
      let said = kernel.errors.replacing(kernel.tree.path, with: "@")
      #expect(said.hasPrefix(row.start), "\(said)")
      #expect(row.line.contains("-q") ? kernel.output == "" : true)
    }

    @Test("docs/compared.md lists exactly the command lines that exit unlike kexec-tools")
    func documentListsDifferingExitCodes() {
      let text = Fixtures.text("/../../docs/compared.md")
      for name in KexecToolsRow.names {
        let differs = KexecToolsRow.all.contains {
          $0.name == name && $0.theirs != $0.ours.rawValue
        }
        #expect(text.contains("| \(name) |") == differs, "\(name)")
      }
    }

    /// `-a` as scripts of network switches use it: which system calls are made, in which order.
    @Test(
      "-a and its alternatives lead to the expected system calls in the expected order",
      arguments: [
        ("-l @/vmlinuz -a", nil, ["load"]), ("-l -a --no-fast @/vmlinuz", nil, ["file"]),
        ("-l -a --no-fast @/vmlinuz", .notImplemented, ["file", "load"]),
        ("-l -a --no-fast @/vmlinuz", .notPermitted, ["file"]),
        ("-l -s @/vmlinuz", .notImplemented, ["file"]),
        ("-l -a --no-fast --mem-max=1G @/vmlinuz", nil, ["load"]), ("-u -a", nil, ["load"]),
        ("-u -a", .notImplemented, ["load"]), ("-s -a -l @/vmlinuz", nil, ["load"]),
      ] as [(String, Errno?, [String])])
    func automaticOptionOrdersSystemCalls(line: String, fileAnswer: Errno?, calls: [String]) {
      let fast = BzImageBuilder { $0.payload = [UInt8](repeating: 1, count: 64) }
      let kernel = FakeKernel(["/vmlinuz": fast.bytes]) {
        $0.kexecFileLoad = fileAnswer.map { [$0] } ?? []
      }
      _ = kernel.run(line)
      #expect(kernel.calls.map { $0.isFileLoad ? "file" : "load" } == calls, "\(kernel.errors)")
    }

    /// A mistyped name must not be reported as a policy.
    @Test(
      "A faulty file is reported before a policy that forbids the load",
      arguments: [
        ["/proc/self/status": "CapEff:\t0\n"], ["/proc/sys/kernel/kexec_load_disabled": "1\n"],
        ["/proc/sys/kernel/kexec_load_limit_reboot": "0\n"], ["/sys/kernel/kexec_loaded": nil],
        ["/proc/self/uid_map": "0 100000 65536\n"],
      ] as [[String: String?]])
    func faultyFileIsReportedBeforePolicy(files: [String: String?]) {
      let policy = files.mapValues { $0.map { Array($0.utf8) } }
      let lines = [
        ("-l @/none", "\"@/none\": No such file"), ("-l @/proc", "\"@/proc\": it is a directory"),
        ("-l @/run/utmp", "\"@/run/utmp\": the file is empty"),
        ("-c -l @/text", "\"@/text\": not a known kernel"),
        ("-l @/short", "\"@/short\": truncated"),
        ("-l -t uki @/vmlinuz", "\"@/vmlinuz\": not of type uki"),
        ("-l @/vmlinuz --initrd=@/none", "\"@/none\": No such file"),
        ("-s -l @/vmlinuz --initrd=@/run/utmp", "\"@/run/utmp\": the file is empty"),
        ("-f @/none", "\"@/none\": No such file"), ("@/none", "\"@/none\": No such file"),
        ("--load-preserve-context @/none", "\"@/none\": No such file"),
        ("-l @/vmlinuz --dtb=@/none", "\"@/none\": No such file"),
      ]
      let others: [String: [UInt8]?] = [
        "/text": [UInt8](repeating: 0x20, count: 2000),
        "/short": Array(BzImageBuilder().bytes.prefix(0x5100)),
      ]
      for (line, start) in lines {
        let kernel = FakeKernel(policy.merging(others) { $1 })
        #expect(kernel.run(line) == .failure, "\(line)")
        let said = kernel.errors.replacing(kernel.tree.path, with: "@")
        #expect(said.hasPrefix("kexec: " + start), "\(said)")
        #expect(kernel.calls == [])
      }
      // If the files are valid, the policy is reported.
      let kernel = FakeKernel(policy)
      #expect(kernel.run("-l @/vmlinuz") == .failure)
      #expect(!kernel.errors.contains("vmlinuz") && kernel.calls == [], "\(kernel.errors)")
    }
  }
}
