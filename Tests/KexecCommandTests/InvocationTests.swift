import KexecABI
import KexecPlanning
import PhysicalMemory
import Testing

@testable import KexecCommand

/// getopt_long keeps its position in global variables, so these tests run one after the other.
@Suite(.serialized) struct InvocationTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let arguments: String
    var testDescription: String { arguments }
    let wanted: Invocation

    init(
      _ arguments: String, _ action: Invocation.Action, for purpose: LoadOptions.Purpose = .reboot,
      _ change: (inout Invocation) -> Void = { _ in }
    ) {
      self.arguments = arguments
      var invocation = Invocation(action: action)
      invocation.options.purpose = purpose
      change(&invocation)
      wanted = invocation
    }
  }

  private static func bounds(_ start: UInt64, _ end: UInt64) -> PhysicalRange {
    PhysicalRange(start: PhysicalAddress(start), end: PhysicalAddress(end))
  }
  private static let load = Invocation.Action.load(kernel: "k", then: .nothing)
  private static let reboot = Invocation.Action.load(kernel: "k", then: .shutDown)
  private static let jump = Invocation.Action.load(kernel: "k", then: .jump)

  static let actions: [Case] = [
    Case("-l k", load), Case("--load k", load), Case("k -l", load), Case("--load -- k", load),
    Case("-p k", load, for: .crash), Case("--load-panic k", load, for: .crash),
    Case("k -p", load, for: .crash),
    Case("k", reboot),
    Case("-f k", jump) { $0.isForced = true }, Case("-l -f k", jump) { $0.isForced = true },
    Case("-fl k", jump) { $0.isForced = true },
    Case("-e", .exec), Case("--exec", .exec),
    Case("-f", .exec) { $0.isForced = true }, Case("-e -f", .exec) { $0.isForced = true },
    Case("-ef", .exec) { $0.isForced = true },
    Case("-u", .unload(.reboot)), Case("-u -p", .unload(.crash)), Case("-p -u", .unload(.crash)),
    Case("-pu", .unload(.crash)), Case("--unload --load-panic", .unload(.crash)),
    Case("-S", .status(.crash)), Case("-S -l", .status(.reboot)), Case("-S -p", .status(.crash)),
    Case("-lS", .status(.reboot)), Case("-S -q", .status(.crash)) { $0.common.isQuiet = true },
    Case("-S --json", .status(.crash)) { $0.common.printsJSON = true },
    Case("--print-ckr-size", .printCrashSize), Case("--report", .report),
    Case("-h", .help), Case("--help", .help), Case("-l -h k", .help), Case("-v", .version),
    Case("--version", .version), Case("-v -h", .help),
    // After -- there are no options.
    Case("-l -- -p", .load(kernel: "-p", then: .nothing)),
  ]

  static let options: [Case] = [
    // -s means kexec_file_load; with -e or -f alone it means --force-sync.
    Case("-l -s k", load) { $0.options.call = .file },
    Case("-s -l k", load) { $0.options.call = .file },
    Case("-sl k", load) { $0.options.call = .file },
    Case("-p -s k", load, for: .crash) { $0.options.call = .file },
    Case("-s k", reboot) { $0.options.call = .file },
    Case("-u -s", .unload(.reboot)) { $0.options.call = .file },
    Case("-S -s", .status(.crash)) { $0.options.call = .file },
    Case("-s -f k", jump) { ($0.options.call, $0.isForced) = (.file, true) },
    Case("-e -s", .exec) { $0.sync = .forCertain }, Case("-es", .exec) { $0.sync = .forCertain },
    Case("-se", .exec) { $0.sync = .forCertain },
    Case("-f -s", .exec) { ($0.sync, $0.isForced) = (.forCertain, true) },
    Case("-e --kexec-file-syscall", .exec) { $0.options.call = .file },
    Case("-l --force-sync k", load) { $0.sync = .forCertain },
    Case("-f --force-sync --kexec-file-syscall k", jump) {
      ($0.options.call, $0.isForced, $0.sync) = (.file, true, .forCertain)
    },
    Case("-l -c k", load) { $0.options.call = .segments }, Case("-l -a k", load),
    Case("-l -c -a k", load), Case("-l -i k", load) { $0.options.digest = .none },
    Case("-l --no-checks k", load) { $0.options.digest = .none },
    Case("-l --digest=sha256 k", load) { $0.options.digest = .sha256 },
    Case("-l --digest komihash k", load), Case("-l -i --digest=komihash k", load),
    Case("-l --no-fast k", load) { $0.options.isFast = false },
    Case("-l --entry-32bit k", load) { $0.options.entry = .protected32 },
    Case("-l --real-mode k", load) { $0.options.entry = .realMode },
    Case("--load-preserve-context k", load) { $0.options.preservesContext = true },
    Case("-l -c --load-preserve-context k", load) {
      ($0.options.preservesContext, $0.options.call) = (true, .segments)
    },
    Case("-f --load-preserve-context k", jump) {
      ($0.options.preservesContext, $0.isForced) = (true, true)
    },
    Case("--load-jump-back-helper", .loadJumpBackHelper),
    Case("--load-jump-back-helper --entry=0xa110f2", .loadJumpBackHelper) {
      $0.jumpBackEntry = PhysicalAddress(0xA1_10F2)
    },
    Case("-l --console-vga --reset-vga k", load) {
      ($0.options.writesOnVGA, $0.options.resetsVGA) = (true, true)
    },
    Case("-l --reuse-video-type k", load) { $0.options.reusesVideoType = true },
    Case("-l --mem-min=0x1000000 k", load) {
      $0.options.memoryBounds = bounds(16 << 20, .max)
    },
    Case("-l --mem-max=0x1fffffff k", load) {
      $0.options.memoryBounds = bounds(0, 0x2000_0000)
    },
    Case("-l --mem-max 4095 --mem-min 0 k", load) {
      $0.options.memoryBounds = bounds(0, 4096)
    },
    Case("-l --mem-max=0xffffffffffffffff k", load),
    Case("-l --mem-min=5 --mem-max=3 --mem-max=10 k", load) {
      $0.options.memoryBounds = bounds(5, 11)
    },
    Case("-l --initrd=a --ramdisk b --initrd none k", load) {
      $0.options.initrds = ["a", "b", "none"]
    },
    Case("-l --command-line=a=b --append=c --append d k", load) {
      ($0.options.commandLine, $0.options.appended) = ("a=b", ["c", "d"])
    },
    Case("-l --command-line= k", load) { $0.options.commandLine = "" },
    Case("-l --reuse-cmdline --noefi k", load) {
      ($0.options.reusesCommandLine, $0.options.handsOverEFI) = (true, false)
    },
    Case("-l --console-serial --serial=ttyS1 --serial-baud=115200 k", load) {
      ($0.options.greetsOnSerial, $0.options.serial, $0.options.serialBaud) = (
        true, "ttyS1", 115_200
      )
    },
    Case("-l --serial-baud=0 k", load),
    Case("-e -x -y", .exec) {
      ($0.takesInterfacesDown, $0.sync) = (false, .none)
    },
    Case("-l --dry-run --json --machine=/m -d k", load) {
      $0.isDryRun = true
      $0.common.printsJSON = true
      ($0.common.machineDirectory, $0.common.isDebugging) = ("/m", true)
    },
    // Any abbreviation that only one name has.
    Case("-l --ini=a k", load) { $0.options.initrds = ["a"] },
    Case("--unl", .unload(.reboot)), Case("--exe", .exec),
    Case("-l --reuse-con k", load) { $0.options.reusesConsole = true },
    Case("-l --preserve=modules k", load) { $0.options.preservesModules = true },
    Case("-l --pre modules,modules k", load) { $0.options.preservesModules = true },
    Case("-l --reuse-cmd k", load) { $0.options.reusesCommandLine = true },
    Case("-l --dry k", load) { $0.isDryRun = true },
    Case("-l --mem-mi 1 k", load) {
      $0.options.memoryBounds = bounds(1, .max)
    },
    // A complete name counts even if other names begin with it.
    Case("-p --load-panic k", load, for: .crash),
    Case("-l --kexec-syscall k", load) { $0.options.call = .segments },
    Case("-l --serial 0x3f8 k", load) { $0.options.serial = "0x3f8" },
  ]

  @Test(
    "Each command line is parsed into the expected action and options",
    arguments: actions + options)
  func parsesActionsAndOptions(row: Case) throws {
    let words = row.arguments.split(separator: " ").map(String.init)
    #expect(try Invocation(["kexec"] + words) == row.wanted)
  }

  /// Contradictory or senseless arguments, and the message. UsageTests and KexecToolsRowsTests test
  /// advice and exit codes.
  @Test(
    "Contradictory and senseless command lines are refused with a message and advice",
    arguments: [
      ("", "no kernel was given"), ("-l", "no kernel was given"), ("-p", "no kernel was given"),
      ("-l a b", "two kernels were given: \"a\" and \"b\""),
      ("a b", "two kernels were given: \"a\" and \"b\""),
      ("-l -p k", "-p (--load-panic) and -l (--load) cannot be used together"),
      ("-p --preserve=modules k", "-p (--load-panic) and --preserve cannot be used together"),
      ("-p -f k", "-p (--load-panic) and -f (--force) cannot be used together"),
      ("-e k", "-e (--exec) takes no kernel, but \"k\" was given"),
      ("-l -e k", "-e (--exec) and -l (--load) cannot be used together"),
      ("-p -e", "-e (--exec) and -p (--load-panic) cannot be used together"),
      ("-u k", "-u (--unload) takes no kernel, but \"k\" was given"),
      ("-u -e", "-u (--unload) and -e (--exec) cannot be used together"),
      ("-l -u", "-u (--unload) and -l (--load) cannot be used together"),
      ("--print-ckr-size -e", "--print-ckr-size and -e (--exec) cannot be used together"),
      ("--print-ckr-size k", "--print-ckr-size takes no kernel, but \"k\" was given"),
      ("--report --print-ckr", "--report and --print-ckr-size cannot be used together"),
      ("-S -u", "-S (--status) and -u (--unload) cannot be used together"),
      ("-S -e", "-S (--status) and -e (--exec) cannot be used together"),
      ("-S k", "-S (--status) takes no kernel, but \"k\" was given"),
      ("-l --mem-min=x k", "--mem-min=x: \(notAnAddress)"),
      ("-l --mem-max=-1 k", "--mem-max=-1: \(notAnAddress)"),
      ("-l --mem-max= k", "--mem-max: its value is empty: \(notAnAddress)"),
      (
        "-l --initrd=i --reuseinitrd k", "--reuseinitrd and --initrd=\"i\" cannot be used together"
      ),
      ("-l --mem-min=2 --mem-max=1 k", "--mem-min=0x2 is above --mem-max=0x1"),
      ("-l --mem-max=1 --mem-min=2 k", "--mem-min=0x2 is above --mem-max=0x1"),
      (
        "-l --entry-32bit --real-mode k",
        "--real-mode and --entry-32bit cannot be used together"
      ),
      ("-l --entry=0x1000 k", "--entry needs --load-jump-back-helper"),
      ("--load-jump-back-helper --entry=0", "--entry=0: not an address in memory"),
      (
        "--load-jump-back-helper --entry=0x400000000000",
        "--entry=0x400000000000: not an address in memory"
      ),
      (
        "--load-jump-back-helper k",
        "--load-jump-back-helper takes no kernel, but \"k\" was given"
      ),
      (
        "-p --load-preserve-context k",
        "--load-preserve-context and -p (--load-panic) cannot be used together"
      ),
      (
        "-s --load-preserve-context k",
        "--load-preserve-context and -s (--kexec-file-syscall) cannot be used together"
      ),
      (
        "-e --load-preserve-context",
        "-e (--exec) and --load-preserve-context cannot be used together"
      ),
      (
        "-p --real-mode k",
        "--real-mode and -p (--load-panic) cannot be used together"
      ),
      (
        "-l --reset-vga --reuse-video-type k",
        "--reset-vga and --reuse-video-type cannot be used together"
      ),
      ("-l --serial-baud=9601 k", "--serial-baud=9601: the rate must divide 115200"),
      ("-l --serial-baud=230400 k", "--serial-baud=230400: the rate must divide 115200"),
      (
        "-l --machine=/m k",
        "--machine=\"/m\" needs --dry-run: another machine cannot be loaded"
      ),
      ("-l --preserve=all k", "--preserve=all: expected modules"),
      ("-l --preserve=modules, k", "--preserve=modules,: expected modules"),
      ("-l --preserve= k", "--preserve: its value is empty: expected modules"),
    ] as [(String, String)])
  func refusesSenselessCommandLines(arguments: String, message: String) {
    let words = arguments.split(separator: " ").map(String.init)
    let error = #expect(throws: CommandError.self) {
      try Invocation(["kexec"] + words)
    }
    #expect(error?.code == .situation(.usage))
    #expect(error?.message == message)
    #expect(error?.advice?.isEmpty == false)
  }

  private static let notAnAddress =
    "not an address (decimal, or hexadecimal with 0x; K, M, G or T may follow)"

  @Test("An empty argument list is an error rather than a crash")
  func emptyArgumentListIsAnError() {
    #expect(throws: CommandError.self) { try Invocation([]) }
  }
}
