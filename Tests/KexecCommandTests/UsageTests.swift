import KexecPlanning
import LinuxSystem
import PhysicalMemory
import TestSupport
import Testing

@testable import KexecCommand

/// In this suite because getopt_long keeps its place in global variables.
extension InvocationTests {
  /// What is said of arguments that make no sense: of the right option, with what was probably meant.
  @Suite struct UsageTests {
    /// What is typed, what is wrong with it, and what to do.
    struct Row: Sendable, CustomTestStringConvertible {
      let words: [String]
      let message: String
      let advice: String
      let exitCode: ExitCode

      var testDescription: String { words.joined(separator: " ") }

      init(_ line: String, _ message: String, _ advice: String, _ exitCode: ExitCode = .usage) {
        self.init(line.split(separator: " ").map(String.init), message, advice, exitCode)
      }

      init(
        _ words: [String], _ message: String, _ advice: String, _ exitCode: ExitCode = .usage
      ) {
        (self.words, self.message, self.advice, self.exitCode) = (words, message, advice, exitCode)
      }
    }

    private static let help = "kexec --help lists the options"

    static let unknown: [Row] = [
      .init("-l k --initd=/x", "unrecognized option '--initd'", "did you mean --initrd?"),
      .init("-l k --apend x", "unrecognized option '--apend'", "did you mean --append?"),
      .init("-l k --Append=x", "unrecognized option '--Append'", "did you mean --append?"),
      .init(
        "-l k --reuse-commandline", "unrecognized option '--reuse-commandline'",
        "did you mean --reuse-cmdline?"),
      .init("--laod k", "unrecognized option '--laod'", "did you mean --load?"),
      .init("--unlaod", "unrecognized option '--unlaod'", "did you mean --unload?"),
      .init("--satus", "unrecognized option '--satus'", "did you mean --status?"),
      .init(
        "-l k --kexec-file-sycall", "unrecognized option '--kexec-file-sycall'",
        "did you mean --kexec-file-syscall?"),
      .init("--bogus", "unrecognized option '--bogus'", help),
      .init("--no-such-option", "unrecognized option '--no-such-option'", help),
      .init("--x", "unrecognized option '--x'", help),
      .init("-Z", "invalid option -- 'Z'", help),
      .init("-P k", "invalid option -- 'P'", "did you mean -p?"),
      .init("-L k", "invalid option -- 'L'", "did you mean -l?"),
      .init("-lXs k", "invalid option -- 'X'", "did you mean -x?"),
      .init("-E", "invalid option -- 'E'", "did you mean -e?"),
      .init("-?", "invalid option -- '?'", help),
      .init(
        "-l k -initrd=/x", "invalid option -- 'n'",
        "long options begin with two dashes: did you mean --initrd?"),
      .init(
        "-append=x -l k", "invalid option -- 'n'",
        "long options begin with two dashes: did you mean --append?"),
      .init(["-l", "k", "-é"], "invalid option -- 'é'", help),
      .init("-l --initrd", "option '--initrd' requires an argument", help),
      .init("-l k -t", "option requires an argument -- 't'", help),
      .init("--load=k", "option '--load' doesn't allow an argument", help),
      .init("--unl=k", "option '--unload' doesn't allow an argument", help),
      .init(
        "--kexec",
        "option '--kexec' is ambiguous; possibilities: '--kexec-file-syscall' "
          + "'--kexec-syscall' '--kexec-syscall-auto'", help),
      .init(
        "-l --reuse k",
        "option '--reuse' is ambiguous; possibilities: '--reuse-cmdline' "
          + "'--reuseinitrd' '--reuse-console' '--reuse-video-type'", help),
      // Those of kexec-tools that only Xen has.
      .init(
        "--load-live-update", "--load-live-update: a live update of Xen is not supported",
        "kexec-tools built with Xen's libraries has it"),
      .init(
        "--exec-live-update", "--exec-live-update: a live update of Xen is not supported",
        "kexec-tools built with Xen's libraries has it"),
      .init(
        "-l k --load-live", "--load-live-update: a live update of Xen is not supported",
        "kexec-tools built with Xen's libraries has it"),
    ]

    /// Options without something to do, and what they go with.
    static let alone: [Row] = [
      .init("", "no kernel was given", help, .failure),
      .init("-l", "no kernel was given", help, .failure),
      .init("-p", "no kernel was given", help, .failure),
      .init(
        "-s", "no kernel was given",
        "-s (--kexec-file-syscall) alone does nothing: it goes with -l KERNEL, -p KERNEL or -u; with -e "
          + "it means --force-sync", .failure),
      .init(
        "-x", "no kernel was given",
        "-x (--no-ifdown) alone does nothing: it goes with -e, -f, or a KERNEL to boot into",
        .failure),
      .init(
        "-d", "no kernel was given",
        "-d (--debug) alone does nothing: it goes with something to do, such as -l KERNEL or -e",
        .failure),
      .init(
        "-y -x", "no kernel was given",
        "-y (--no-sync) alone does nothing: it goes with -e, -f, or a KERNEL to boot into", .failure
      ),
      .init(
        "-q", "no kernel was given", "-q (--quiet) alone does nothing: it goes with -S", .failure),
      .init(
        "-a", "no kernel was given",
        "-a (--kexec-syscall-auto) alone does nothing: it goes with -l KERNEL, -p KERNEL or -u",
        .failure),
      .init(
        "--type=bzImage", "no kernel was given",
        "-t (--type) alone does nothing: it goes with -l KERNEL or -p KERNEL", .failure),
      .init(
        "--hotplug", "no kernel was given", "--hotplug alone does nothing: it goes with -p KERNEL",
        .failure),
      .init(
        "--dry-run", "no kernel was given",
        "--dry-run alone does nothing: it goes with -l KERNEL and -p KERNEL, or -S", .failure),
      .init(
        "--json", "no kernel was given",
        "--json alone does nothing: it goes with -l KERNEL and -p KERNEL, or -S", .failure),
    ]

    /// An option's value that is something else.
    static let swallowed: [Row] = [
      .init(
        "-l --type /boot/vmlinuz",
        "--type=/boot/vmlinuz: no type of kernel (multiboot2-x86, multiboot-x86, elf-x86_64, elf-x86, "
          + "bzImage64, bzImage, uki, nbi-x86, beoboot-x86)", help, .failure),
      .init(
        "-l -t k",
        "-t k: no type of kernel (multiboot2-x86, multiboot-x86, elf-x86_64, elf-x86, "
          + "bzImage64, bzImage, uki, nbi-x86, beoboot-x86)", help, .failure),
      .init(
        "-l --initrd /boot/vmlinuz", "no kernel was given",
        "--initrd has taken \"/boot/vmlinuz\" as its value: name the kernel, too", .failure),
      .init(
        "-l --append /boot/vmlinuz", "no kernel was given",
        "--append has taken \"/boot/vmlinuz\" as its value: name the kernel, too", .failure),
      .init(
        "-l --mem-max /boot/vmlinuz",
        "--mem-max=/boot/vmlinuz: not an address (a number, with 0x for hexadecimal, and K, M, G or T "
          + "behind it for units)", help),
      .init(
        "--append -l k", "--append has no value: -l comes next",
        "if -l is its value, write --append=-l"),
      .init(
        "-l k --initrd --reuse-cmdline", "--initrd has no value: --reuse-cmdline comes next",
        "if --reuse-cmdline is its value, write --initrd=--reuse-cmdline"),
      .init(
        "-t -l k", "--type has no value: -l comes next", "if -l is its value, write --type=-l"),
    ]

    static let empty: [Row] = [
      .init(
        ["-l", ""], "the name of the kernel is empty (\"\")",
        "a variable that is not set gives that, when it stands in quotes"),
      .init(
        [""], "the name of the kernel is empty (\"\")",
        "a variable that is not set gives that, when it stands in quotes"),
      .init(
        ["-l", "", "k"], "two kernels were given: \"\" and \"k\"",
        "an empty word (\"\") counts as one: a variable that is not set gives that, when it stands in quotes"
      ),
      .init(
        ["-u", ""], "-u (--unload) takes no kernel, but \"\" was given",
        "an empty word (\"\") counts as one: a variable that is not set gives that, when it stands in quotes"
      ),
      .init("-l k --initrd=", "--initrd: its value is empty: no file has such a name", help),
      .init(
        ["-l", "k", "--initrd", ""], "--initrd: its value is empty: no file has such a name", help),
      .init("-l k --dtb=", "--dtb: its value is empty: no file has such a name", help),
      .init("-l k --module=", "--module: its value is empty: no file has such a name", help),
      .init(
        ["-l", "k", "-t", ""],
        "-t: its value is empty: no type of kernel ("
          + "multiboot2-x86, multiboot-x86, elf-x86_64, elf-x86, bzImage64, bzImage, uki, nbi-x86, beoboot-x86)",
        help, .failure),
      .init("-l k --digest=", "--digest: its value is empty: neither komihash nor sha256", help),
      .init(
        "-l k --seed=",
        "--seed: its value is empty: not a number (decimal, or hexadecimal with 0x)", help),
      .init(
        ["-l", "k", "--digest=sha 256"], "--digest=\"sha 256\": neither komihash nor sha256",
        "did you mean sha256?"),
      .init(
        "-l k --type=bzimage",
        "--type=bzimage: no type of kernel ("
          + "multiboot2-x86, multiboot-x86, elf-x86_64, elf-x86, bzImage64, bzImage, uki, nbi-x86, beoboot-x86)",
        "did you mean bzImage?", .failure),
      .init(
        "-l k --preserve=module", "--preserve=module: only modules can be preserved",
        "did you mean modules?"),
    ]

    static let contradictions: [Row] = [
      .init(
        "-e -p", "-e (--exec) and -p (--load-panic) contradict each other",
        "a panic starts what -p has loaded; -e starts what -l has loaded"),
      .init(
        "-p -f k", "-p (--load-panic) and -f (--force) contradict each other",
        "a panic starts what -p has loaded; to run a kernel now: -f KERNEL"),
      .init(
        "-l -e k", "-e (--exec) and -l (--load) contradict each other",
        "load first, then run: kexec -l KERNEL && kexec -e; or both at once: kexec -f KERNEL"),
      .init(
        "-l -p k", "-p (--load-panic) and -l (--load) contradict each other",
        "-p loads the kernel that a panic starts, -l the one that -e starts: one at a time"),
      .init(
        "-u -l", "-u (--unload) and -l (--load) contradict each other",
        "a load takes the place of what was loaded before; -u alone frees it"),
      .init(
        "-u -e", "-u (--unload) and -e (--exec) contradict each other",
        "each is an action of its own: give one at a time"),
      .init(
        "-p --real-mode k", "--real-mode and -p (--load-panic) contradict each other",
        "after a panic there is no BIOS to ask"),
      // 1 would say that a kernel is loaded.
      .init(
        "-S -e", "-S (--status) and -e (--exec) contradict each other",
        "-S only says what is loaded", .failure),
      .init("-S k", "-S (--status) takes no kernel, but \"k\" was given", help, .failure),
      .init("-e k", "-e (--exec) takes no kernel, but \"k\" was given", help),
      .init("-e a b", "-e (--exec) takes no kernel, but \"a\" was given", help),
    ]

    @Test(
      "Each wrong command line gives the expected message, advice and exit code",
      arguments: unknown + alone + swallowed + empty + contradictions)
    func explainsWrongCommandLines(row: Row) {
      let error = #expect(throws: CommandError.self) { try Invocation(["kexec"] + row.words) }
      #expect(error?.message == row.message)
      #expect(error?.advice == row.advice)
      #expect(error?.exitCode == row.exitCode)
      #expect(error?.code == .situation(.usage))
    }

    /// Every option that is no action says by itself what it goes with.
    @Test(
      "An option alone that is no action is an error that names what it goes with",
      arguments: OptionRow.all)
    func optionAloneIsExplained(row: OptionRow) {
      let actions: [Option] = [
        .load, .loadPanic, .exec, .unload, .status, .force, .help, .version, .printCrashSize,
        .report, .loadPreserveContext, .loadJumpBackHelper,
      ]
      guard !actions.contains(row.option) else { return }
      let word = "--" + row.long[0] + (row.value.map { "=" + $0 } ?? "")
      let error = #expect(throws: CommandError.self) { try Invocation(["kexec", word]) }
      #expect(error?.message == "no kernel was given")
      #expect(
        error?.advice
          == "\(row.option.spelling) alone does nothing: it goes with \(row.option.company)")
      #expect(error?.exitCode == .failure)
    }

    /// Nothing is said of an option that was not typed, but in the advice.
    @Test(
      "A usage message names no option that was not typed",
      arguments: unknown + swallowed + empty + contradictions)
    func messageNamesOnlyTypedOptions(row: Row) throws {
      let error = #expect(throws: CommandError.self) { try Invocation(["kexec"] + row.words) }
      let message = error?.message ?? ""
      guard !message.contains("ambiguous") else { return }
      for word in message.split(whereSeparator: { " ():;,'\"=".contains($0) }) {
        guard word.hasPrefix("--"), let option = Option.table.rows.first(where: { $0.name == word })
        else { continue }
        let isTyped = row.words.contains { typed in
          typed.hasPrefix("--")
            ? word.hasPrefix(typed.prefix { $0 != "=" }) || typed.hasPrefix(word)
            : typed.hasPrefix("-") && option.short.map { typed.contains($0) } ?? false
        }
        #expect(isTyped, "\(message)")
      }
    }

    /// Addresses as the kernel's own command line takes them, and ranges down to one byte.
    @Test(
      "--mem-min and --mem-max take addresses with units and ranges of one byte",
      arguments: [
        ("--mem-max=64M", 0, 0x400_0001), ("--mem-max=0x4000000", 0, 0x400_0001),
        ("--mem-max=64m", 0, 0x400_0001), ("--mem-min=1G", 1 << 30, .max),
        ("--mem-min=4k --mem-max=0x1T", 4096, 1 << 40 | 1), ("--mem-min=5 --mem-max=5", 5, 6),
        ("--mem-min=0 --mem-max=0", 0, 1), ("--mem-max=0xffffffffffffffff", 0, .max),
        ("--mem-max=010", 0, 9),
      ] as [(String, UInt64, UInt64)])
    func parsesAddressesWithUnits(options: String, start: UInt64, end: UInt64) throws {
      let words = options.split(separator: " ").map(String.init)
      let bounds = try Invocation(["kexec", "-l", "k"] + words).options.memoryBounds
      #expect(bounds.start.value == start && bounds.end.value == end, "\(bounds)")
    }

    @Test(
      "A malformed address for --mem-max is a usage error",
      arguments: [
        "64MB", "64Q", "M", "1.5G", "-1", "0x", "08", "", " 1", "1 G", "16777216T",
        "99999999999999999999",
        "0x10000000000000000", "١",
      ])
    func refusesMalformedAddresses(value: String) {
      let error = #expect(throws: CommandError.self) {
        try Invocation(["kexec", "-l", "k", "--mem-max=" + value])
      }
      #expect(
        error?.message.contains("not an address (a number") == true, "\(error?.message ?? "")")
      #expect(error?.exitCode == .usage)
    }

    /// Usage errors name the program as it was called, in both lines; all else comes from kexec.
    @Test(
      "Usage errors begin with the program's name as called, and other errors with kexec",
      arguments: [
        (["/sbin/kexec", "--bogus"], "kexec: unrec", "  kexec --help lists"),
        (["./kexec-swift", "--bogus"], "kexec-swift: unrec", "  kexec-swift --help lists"),
        (["k2", "-l", "k", "--serial-baud=7"], "k2: --serial-baud=7: not", "  k2 --help lists"),
        (["/usr/sbin/kexec.real"], "kexec.real: no kernel", "  kexec.real --help lists"),
        (["k2", "status", "x"], "k2: status takes no", "  k2 status --help lists"),
        (["k2", "status", "--bogus"], "k2: unrec", "  k2 status --help lists"),
        (["k2", "-l", "k", "--apend=x"], "k2: unrec", "  did you mean --append?"),
        (["k2", "-l", "-", "--initrd=-"], "k2: - is given twice", "  k2 --help lists"),
        ([], "kexec: no kernel", "  kexec --help lists"),
        ([""], "kexec: no kernel", "  kexec --help"),
        (["/"], "kexec: no kernel", "  kexec --help lists"),
        (["k2", "-l", "/none"], "kexec: \"/none\": No", ""),
      ])
    func usageErrorsNameTheCalledProgram(words: [String], message: String, advice: String) {
      let kernel = FakeKernel()
      #expect(Command.run(words, on: kernel.value) != .success)
      #expect(kernel.errors.hasPrefix(message), "\(kernel.errors)")
      #expect(kernel.errors.contains("\n" + advice), "\(kernel.errors)")
    }
  }
}
