import KexecPlanning
import LinuxSystem
import PhysicalMemory
import TestSupport
import Testing

@testable import KexecCommand

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// Usage errors: they name the right option, and what was probably meant.
  @Suite struct UsageTests {
    /// The arguments, the error, and the advice.
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
      // Options of kexec-tools that work only on Xen.
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

    /// Options that do nothing alone, and the ones with which they work.
    static let alone: [Row] = [
      .init("", "no kernel was given", help, .failure),
      .init(
        "-l", "no kernel was given",
        "name the kernel: kexec -l KERNEL --initrd=INITRD --reuse-cmdline", .failure),
      .init(
        "-p", "no kernel was given",
        "name the kernel: kexec -p KERNEL --initrd=INITRD --reuse-cmdline", .failure),
      .init(
        "-s", "no kernel was given",
        "-s (--kexec-file-syscall) does nothing alone: use it with -l KERNEL, -p KERNEL or -u; with -e "
          + "it means --force-sync", .failure),
      .init(
        "-x", "no kernel was given",
        "-x (--no-ifdown) does nothing alone: use it with -e, -f, or a KERNEL to boot into",
        .failure),
      .init(
        "-d", "no kernel was given",
        "-d (--debug) does nothing alone: use it with an action, such as -l KERNEL or -e",
        .failure),
      .init(
        "-y -x", "no kernel was given",
        "-y (--no-sync) does nothing alone: use it with -e, -f, or a KERNEL to boot into", .failure
      ),
      .init(
        "-q", "no kernel was given", "-q (--quiet) does nothing alone: use it with -S", .failure),
      .init(
        "-a", "no kernel was given",
        "-a (--kexec-syscall-auto) does nothing alone: use it with -l KERNEL, -p KERNEL or -u",
        .failure),
      .init(
        "--type=bzImage", "no kernel was given",
        "-t (--type) does nothing alone: use it with -l KERNEL or -p KERNEL", .failure),
      .init(
        "--hotplug", "no kernel was given", "--hotplug does nothing alone: use it with -p KERNEL",
        .failure),
      .init(
        "--dry-run", "no kernel was given",
        "--dry-run does nothing alone: use it with -l KERNEL, -p KERNEL or -S", .failure),
      .init(
        "--json", "no kernel was given",
        "--json does nothing alone: use it with -l KERNEL, -p KERNEL or -S", .failure),
    ]

    /// An option that has taken another argument as its value.
    static let swallowed: [Row] = [
      .init(
        "-l --type /boot/vmlinuz",
        "--type=/boot/vmlinuz: not a type of kernel (multiboot2-x86, multiboot-x86, elf-x86_64, elf-x86, "
          + "bzImage64, bzImage, uki, nbi-x86, beoboot-x86)", help, .failure),
      .init(
        "-l -t k",
        "-t k: not a type of kernel (multiboot2-x86, multiboot-x86, elf-x86_64, elf-x86, "
          + "bzImage64, bzImage, uki, nbi-x86, beoboot-x86)", help, .failure),
      .init(
        "-l --initrd /boot/vmlinuz", "no kernel was given",
        "--initrd took \"/boot/vmlinuz\" as its value: give the kernel as well", .failure),
      .init(
        "-l --append /boot/vmlinuz", "no kernel was given",
        "--append took \"/boot/vmlinuz\" as its value: give the kernel as well", .failure),
      .init(
        "-l --mem-max /boot/vmlinuz",
        "--mem-max=/boot/vmlinuz: not an address (decimal, or hexadecimal with 0x; K, M, G or T "
          + "may follow)", help),
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
        "it may come from an unset variable in quotes"),
      .init(
        [""], "the name of the kernel is empty (\"\")",
        "it may come from an unset variable in quotes"),
      .init(
        ["-l", "", "k"], "two kernels were given: \"\" and \"k\"",
        "an empty word (\"\") counts as an argument: it may come from an unset variable in quotes"
      ),
      .init(
        ["-u", ""], "-u (--unload) takes no kernel, but \"\" was given",
        "an empty word (\"\") counts as an argument: it may come from an unset variable in quotes"
      ),
      .init("-l k --initrd=", "--initrd: its value is empty: no file can have this name", help),
      .init(
        ["-l", "k", "--initrd", ""], "--initrd: its value is empty: no file can have this name",
        help),
      .init("-l k --dtb=", "--dtb: its value is empty: no file can have this name", help),
      .init("-l k --module=", "--module: its value is empty: no file can have this name", help),
      .init(
        ["-l", "k", "-t", ""],
        "-t: its value is empty: not a type of kernel ("
          + "multiboot2-x86, multiboot-x86, elf-x86_64, elf-x86, bzImage64, bzImage, uki, nbi-x86, beoboot-x86)",
        help, .failure),
      .init("-l k --digest=", "--digest: its value is empty: expected komihash or sha256", help),
      .init(
        "-l k --seed=",
        "--seed: its value is empty: not a number (decimal, or hexadecimal with 0x)", help),
      .init(
        ["-l", "k", "--digest=sha 256"], "--digest=\"sha 256\": expected komihash or sha256",
        "did you mean sha256?"),
      .init(
        "-l k --type=bzimage",
        "--type=bzimage: not a type of kernel ("
          + "multiboot2-x86, multiboot-x86, elf-x86_64, elf-x86, bzImage64, bzImage, uki, nbi-x86, beoboot-x86)",
        "did you mean bzImage?", .failure),
      .init(
        "-l k --preserve=module", "--preserve=module: expected modules",
        "did you mean modules?"),
    ]

    static let contradictions: [Row] = [
      .init(
        "-e -p", "-e (--exec) and -p (--load-panic) cannot be used together",
        "a panic starts what -p loaded; -e starts what -l loaded"),
      .init(
        "-p -f k", "-p (--load-panic) and -f (--force) cannot be used together",
        "a panic starts what -p loaded; use -f KERNEL to run a kernel now"),
      .init(
        "-l -e k", "-e (--exec) and -l (--load) cannot be used together",
        "load first, then run: kexec -l KERNEL && kexec -e; or both in one command: kexec -f KERNEL"
      ),
      .init(
        "-l -p k", "-p (--load-panic) and -l (--load) cannot be used together",
        "-p loads the kernel that a panic starts, -l the one that -e starts: use two commands"),
      .init(
        "-u -l", "-u (--unload) and -l (--load) cannot be used together",
        "a load replaces what was loaded before; use -u alone to free it"),
      .init(
        "-u -e", "-u (--unload) and -e (--exec) cannot be used together",
        "each is an action of its own: give one at a time"),
      .init(
        "-p --real-mode k", "--real-mode and -p (--load-panic) cannot be used together",
        "after a panic there is no BIOS to call"),
      // Exit code 1 would mean that a kernel is loaded.
      .init(
        "-S -e", "-S (--status) and -e (--exec) cannot be used together",
        "-S only tells what is loaded", .failure),
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

    private static let actions: [Option] = [
      .load, .loadPanic, .exec, .unload, .status, .force, .help, .version, .printCrashSize,
      .report, .loadPreserveContext, .loadJumpBackHelper,
    ]

    /// The error for an option that is not an action says with which ones it works.
    @Test(
      "An option alone that is no action is an error that names what it goes with",
      arguments: OptionRow.all.filter { !actions.contains($0.option) })
    func optionAloneIsExplained(row: OptionRow) {
      let word = "--" + row.long[0] + (row.value.map { "=" + $0 } ?? "")
      let error = #expect(throws: CommandError.self) { try Invocation(["kexec", word]) }
      #expect(error?.message == "no kernel was given")
      #expect(
        error?.advice
          == "\(row.option.spelling) does nothing alone: use it with \(row.option.company)")
      #expect(error?.exitCode == .failure)
    }

    /// The error names only options that were typed; the advice may name others.
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

    /// Addresses in the notation of the kernel's command line, and ranges down to one byte.
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
        error?.message.contains("not an address (decimal") == true, "\(error?.message ?? "")")
      #expect(error?.exitCode == .usage)
    }

    /// Both lines of a usage error use the program's name as it was called; all other errors use
    /// "kexec".
    @Test(
      "Usage errors begin with the program's name as called, and other errors with kexec",
      arguments: [
        (["/sbin/kexec", "--bogus"], "kexec: unrec", "  kexec --help lists"),
        (["./kexec-swift", "--bogus"], "kexec-swift: unrec", "  kexec-swift --help lists"),
        (
          ["k2", "-l", "k", "--serial-baud=7"], "k2: --serial-baud=7: the rate", "  k2 --help lists"
        ),
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
