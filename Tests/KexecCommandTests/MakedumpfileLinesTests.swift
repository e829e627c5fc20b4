import CrashDumps
import Testing

@testable import KexecCommand

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// What callers pass to makedumpfile, and what that means here. Command lines are facts about these callers; nothing
  /// else was taken from them.
  @Suite struct MakedumpfileLinesTests {
    typealias Action = MakedumpfileInvocation.Action
    typealias Values = MakedumpfileValues

    struct Line: Sendable, CustomTestStringConvertible {
      let arguments: String
      let action: Action
      let change: @Sendable (inout Values) -> Void
      var testDescription: String { arguments }

      init(
        _ arguments: String, _ action: Action,
        _ change: @escaping @Sendable (inout Values) -> Void = { _ in }
      ) {
        (self.arguments, self.action, self.change) = (arguments, action, change)
      }
    }

    private static func save(_ target: String, from source: String = "/proc/vmcore") -> Action {
      .save(source: source, target: target)
    }
    private static let piped = save("-")
    private static let all: DumpLevel = .all

    /// kdump-tools of Debian 12 (1.8.1) and sid (1.10.9): -F stands first or last, and stays where it was given.
    static let debian: [Line] = [
      Line(
        "--dump-dmesg /proc/vmcore /var/crash/1/dmesg.1",
        .saveLog(source: "/proc/vmcore", target: "/var/crash/1/dmesg.1")
      ) {
        $0.writesLog = true
      },
      Line("-F -c -d 31 /proc/vmcore", piped) {
        ($0.isFlattened, $0.compression, $0.levels) = (true, .zlib, [all])
      },
      Line("-c -d 31 -F /proc/vmcore", piped) {
        ($0.isFlattened, $0.compression, $0.levels) = (true, .zlib, [all])
      },
      // MAKEDUMP_ARGS of administrators.
      Line(
        "-c -d 31 --message-level 0 --dump-dmesg -F /proc/vmcore",
        .saveLog(source: "/proc/vmcore", target: "-")
      ) {
        ($0.isFlattened, $0.compression, $0.levels, $0.writesLog, $0.messages) = (
          true, .zlib, [all], true, []
        )
      },
      Line("-R /var/crash/plain", .rearrange(target: "/var/crash/plain")) { $0.rearranges = true },
    ]

    /// kdump-utils of Fedora and RHEL: mkdumprd checks the words of core_collector, kdump.sh runs them.
    static let fedora: [Line] = [
      Line("--check-params -l --message-level 7 -d 31 vmcore dumpfile", .check) {
        ($0.onlyChecks, $0.compression, $0.levels) = (true, .lzo, [all])
      },
      Line("--check-params -F -l --message-level 7 -d 31 vmcore", .check) {
        ($0.onlyChecks, $0.compression, $0.levels, $0.isFlattened) = (true, .lzo, [all], true)
      },
      Line(
        "-l --message-level 7 -d 31 --num-threads=4 /proc/vmcore /kdumproot/var/crash//vmcore-incomplete",
        save("/kdumproot/var/crash//vmcore-incomplete")
      ) {
        ($0.compression, $0.levels, $0.threads) = (.lzo, [all], 4)
      },
      Line("-l --message-level 1 -d 31 /proc/vmcore v", save("v")) {
        ($0.compression, $0.levels, $0.messages) = (.lzo, [all], .progress)
      },
      Line("-l --message-level 7 -d 31 -F /proc/vmcore", piped) {
        ($0.compression, $0.levels, $0.isFlattened) = (.lzo, [all], true)
      },
      Line("-l --message-level 1 -d 31 -c /proc/vmcore v", save("v")) {
        ($0.compression, $0.levels, $0.messages) = (.zlib, [all], .progress)
      },
      Line("-c --message-level 1 -d 31 /proc/vmcore v", save("v")) {
        ($0.compression, $0.levels, $0.messages) = (.zlib, [all], .progress)
      },
      Line("-d 31 -c /proc/vmcore v", save("v")) { ($0.compression, $0.levels) = (.zlib, [all]) },
      Line("-c /proc/vmcore v", save("v")) { $0.compression = .zlib },
      Line("-E -f --message-level 1 -d 31 /proc/vmcore v", save("v")) {
        ($0.isELF, $0.replaces, $0.levels, $0.messages) = (true, true, [all], .progress)
      },
      Line("-l --message-level 7 -d 9,17,31 /proc/vmcore v", save("v")) {
        ($0.compression, $0.levels) = (
          .lzo, [DumpLevel(rawValue: 9), DumpLevel(rawValue: 17), all]
        )
      },
      Line("-p -d 31 /proc/vmcore v", save("v")) { ($0.compression, $0.levels) = (.snappy, [all]) },
      // kdumpctl's users, and vmcore_sz of Oracle Linux.
      Line("--mem-usage /proc/kcore", .tellMemoryUsage(source: "/proc/kcore")) {
        $0.tellsMemoryUsage = true
      },
      Line("-f --mem-usage /proc/kcore", .tellMemoryUsage(source: "/proc/kcore")) {
        ($0.tellsMemoryUsage, $0.replaces) = (true, true)
      },
    ]

    /// kdump-save of openSUSE.
    static let openSUSE: [Line] = [
      Line(
        "-F --message-level 8 --dump-dmesg /proc/vmcore",
        .saveLog(source: "/proc/vmcore", target: "-")
      ) {
        ($0.isFlattened, $0.messages, $0.writesLog) = (true, .debug, true)
      },
      Line("-F -z --num-threads 2 --message-level 6 -d 31 /proc/vmcore", piped) {
        ($0.isFlattened, $0.compression, $0.threads, $0.messages, $0.levels) = (
          true, .zstd, 2, [.common, .error], [all]
        )
      },
      Line("-F -E --message-level 15 -d 0 /proc/vmcore", piped) {
        ($0.isFlattened, $0.isELF, $0.messages) = (
          true, true, [.progress, .common, .error, .debug]
        )
      },
      Line("-F -p --num-threads 2 --message-level 7 -d 31 --cyclic-buffer 2048 /proc/vmcore", piped)
      {
        ($0.isFlattened, $0.compression, $0.threads, $0.levels, $0.ignored) = (
          true, .snappy, 2, [all], ["--cyclic-buffer"]
        )
      },
      Line("--dump-dmesg vmcore -F", .saveLog(source: "vmcore", target: "-")) {
        ($0.isFlattened, $0.writesLog) = (true, true)
      },
    ]

    /// Other public scripts, and the examples of makedumpfile(8).
    static let others: [Line] = [
      Line("-c -d 16 --num-threads 8 /proc/vmcore t/dumpfile", save("t/dumpfile")) {
        ($0.compression, $0.levels, $0.threads) = (.zlib, [.free], 8)
      },
      Line("-D --dump-dmesg vmcore dmesg", .saveLog(source: "vmcore", target: "dmesg")) {
        ($0.messages, $0.writesLog) = (.usual.union(.debug), true)
      },
      Line(
        "-E -d 31 --message-level 31 --cyclic-buffer 4096 vmcore.cp dump.Ed31",
        save("dump.Ed31", from: "vmcore.cp")
      ) {
        ($0.isELF, $0.levels, $0.messages, $0.ignored) = (true, [all], .all, ["--cyclic-buffer"])
      },
      Line("-E -F -x vmlinux vmcore", save("-", from: "vmcore")) {
        ($0.isELF, $0.isFlattened, $0.ignored) = (true, true, ["-x"])
      },
      Line("-b 8 -d 31 -l vmcore dump2", save("dump2", from: "vmcore")) {
        ($0.levels, $0.compression, $0.ignored) = ([all], .lzo, ["-b"])
      },
      Line("-f -d 31 -l vmcore dump6", save("dump6", from: "vmcore")) {
        ($0.levels, $0.compression, $0.replaces) = ([all], .lzo, true)
      },
      Line("--work-dir /tmp vmcore dump20", save("dump20", from: "vmcore")) {
        $0.ignored = ["--work-dir"]
      },
      Line("--non-mmap vmcore dump22", save("dump22", from: "vmcore")) {
        $0.ignored = ["--non-mmap"]
      },
      Line("-D -d 31 -l vmcore dump41 --num-threads 8", save("dump41", from: "vmcore")) {
        ($0.messages, $0.levels, $0.compression, $0.threads) = (
          .usual.union(.debug), [all], .lzo, 8
        )
      },
      Line("-d 31 -c vmcore dump51 --message-level 21", save("dump51", from: "vmcore")) {
        ($0.levels, $0.compression, $0.messages) = ([all], .zlib, [.progress, .error, .report])
      },
      Line(
        "-z -d 31 /proc/kcore vmcore --dry-run --show-stats", save("vmcore", from: "/proc/kcore")
      ) {
        ($0.compression, $0.levels, $0.isDryRun, $0.showsReport) = (.zstd, [all], true, true)
      },
      Line("-d 31 -i vmcoreinfo /proc/vmcore dumpfile", save("dumpfile")) {
        ($0.levels, $0.ignored) = ([all], ["-i"])
      },
      Line("-c -d 31 dumpfile.1 dumpfile.2", save("dumpfile.2", from: "dumpfile.1")) {
        ($0.compression, $0.levels) = (.zlib, [all])
      },
      Line(
        "--dump-dmesg --partial-dmesg -x vmlinux /proc/vmcore l",
        .saveLog(source: "/proc/vmcore", target: "l")
      ) {
        ($0.writesLog, $0.isSinceClear, $0.ignored) = (true, true, ["-x"])
      },
      // As getopt_long has it: clusters, abbreviations, values behind = or in the same word, files behind --.
      Line("-lFd31 /proc/vmcore", piped) {
        ($0.compression, $0.isFlattened, $0.levels) = (.lzo, true, [all])
      },
      Line("-cd31 --num=2 --mes=4 -- -v -d", save("-d", from: "-v")) {
        ($0.compression, $0.levels, $0.threads, $0.messages) = (.zlib, [all], 2, .error)
      },
      Line("--num-threads 0 /proc/vmcore d", save("d")),
      Line("/proc/vmcore -", save("./-")),
      Line("-d 1 -d 2 /proc/vmcore d", save("d")) { $0.levels = [.cache] },
      Line("-hD", .help), Line("--help", .help), Line("-v", .version),
      Line("-l --check-params -v", .version),
    ]

    @Test("What callers pass means what they want", arguments: debian + fedora + openSUSE + others)
    func linesHaveTheirMeaning(_ line: Line) throws {
      let invocation = try MakedumpfileInvocation(
        ["makedumpfile"] + line.arguments.split(separator: " ").map(String.init))
      var wanted = Values()
      line.change(&wanted)
      #expect(invocation.action == line.action)
      #expect(invocation.values == wanted)
    }

    /// Refused, with this in the message.
    static let refused: [(line: String, message: String)] = [
      ("", "expected VMCORE and DUMPFILE; none was given"),
      ("/proc/vmcore", "expected VMCORE and DUMPFILE; given: \"/proc/vmcore\""),
      ("-F v d", "expected VMCORE with -F; given: \"v\", \"d\""),
      ("-F", "expected VMCORE with -F; none was given"),
      ("--dump-dmesg v", "expected VMCORE and LOGFILE; given: \"v\""),
      ("--mem-usage", "expected /proc/kcore with --mem-usage; none was given"),
      ("-R", "expected DUMPFILE with -R; none was given"),
      ("--check-params -l -d 31", "expected VMCORE and DUMPFILE; none was given"),
      ("--check-params -l --nope v d", "unrecognized option '--nope'"),
      ("-Z -d 31 v d", "invalid option -- 'Z'"),
      ("--m v d", "option '--m' is ambiguous; possibilities: '--mem-usage' '--message-level'"),
      ("v d -d", "option requires an argument -- 'd'"),
      ("-d 32 v d", "-d 32: a dump level is 0 to 31"),
      ("-d 1,,2 v d", "-d 1,,2: a dump level is 0 to 31"),
      ("-d x v d", "-d x: a dump level"), ("-d -1 v d", "-d -1: a dump level"),
      ("-d +1 v d", "-d +1: a dump level"),
      ("--message-level 32 v d", "--message-level=32: it is 0 to 31"),
      ("--num-threads x v d", "--num-threads=x: not a number"),
      ("--num-threads 5000 v d", "--num-threads=5000: at most 4096 threads"),
      ("-E -c v d", "-E and -c cannot be used together"),
      ("-E -p v d", "-E and -p cannot be used together"),
      ("-R -F d", "-R and -F cannot be used together"),
      ("--dry-run -R d", "-R and --dry-run cannot be used together"),
      ("--mem-usage -F /proc/kcore", "--mem-usage and -F cannot be used together"),
      ("--dry-run --dump-dmesg v d", "--dry-run and --dump-dmesg cannot be used together"),
      ("--partial-dmesg v d", "--partial-dmesg needs --dump-dmesg"),
      // Of the same callers and examples.
      (
        "-d 31 -e vmcore --work-dir /tmp dump44",
        "-e is not supported: struct pages are always kept"
      ),
      ("--split -d 31 -l vmcore dump3 dump4", "--split is not supported: a dump is one file"),
      ("--reassemble dump3 dump4 dump5", "--reassemble is not supported: a dump is one file"),
      ("--split --splitblock-size 1024 vmcore a b c", "--split is not supported"),
      (
        "-g vmcoreinfo -x vmlinux",
        "-g is not supported: no file of VMCOREINFO is written or needed"
      ),
      ("-L 1000000 v d", "-L is not supported"),
      ("-E -X v d", "-X is not supported: dumps of Xen are not read"),
      ("--config f -x vmlinux v d", "--config is not supported: nothing is erased"),
      ("--eppic m -x vmlinux v d", "--eppic is not supported: nothing is erased"),
      (
        "-x vmlinux --diskset=a --diskset=b d",
        "--diskset is not supported: dumps of sadump are not read"
      ),
      ("--vtop ffffffff81000000 v d", "--vtop is not supported: addresses are not translated"),
      ("-E --xen-syms xen-syms v d", "--xen-syms is not supported"),
      ("-E --xen-vmcoreinfo i v d", "--xen-vmcoreinfo is not supported"),
      ("-E -X --xen_phys_start 0xcee00000 v d", "-X is not supported"),
      ("--xen_phys_start 1 v d", "--xen_phys_start is not supported"),
      ("--json v d", "unrecognized option '--json'"),
      ("--format elf v d", "unrecognized option '--format'"),
    ]

    @Test(
      "What cannot be done is refused by its name, with exit code 1 and before anything is read",
      arguments: refused)
    func restIsRefused(_ row: (line: String, message: String)) {
      let kernel = FakeKernel([:])
      let words = row.line.split(separator: " ").map(String.init)
      #expect(Command.run(["/usr/bin/makedumpfile"] + words, on: kernel.value).rawValue == 1)
      #expect(kernel.errors.hasPrefix("makedumpfile: " + row.message), "\(kernel.errors)")
      #expect(kernel.output == "")
    }

    @Test("An empty name is refused")
    func emptyNamesAreRefused() {
      let kernel = FakeKernel([:])
      #expect(Command.run(["makedumpfile", "v", ""], on: kernel.value).rawValue == 1)
      #expect(kernel.errors.hasPrefix("makedumpfile: the name of DUMPFILE is empty (\"\")"))
    }

    @Test("Every option of the table is in a line")
    func everyOptionIsInALine() {
      let lines =
        (Self.debian + Self.fedora + Self.openSUSE + Self.others).map(\.arguments)
        + Self.refused.map(\.line)
      for row in MakedumpfileOption.table.rows {
        let isThere = lines.contains { line in
          line.split(separator: " ").contains { word in
            word.prefix { $0 != "=" } == row.name
              || row.short.map { word.hasPrefix("-") && !word.hasPrefix("--") && word.contains($0) }
                ?? false
          }
        }
        #expect(isThere, "\(row.name)")
      }
    }
  }
}
