import Glibc
import KernelImages
import TestSupport
import Testing

@testable import KexecCommand
@testable import KexecPlanning
@testable import LinuxSystem

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// A dry run ends like the real command: it prints the plan, then the reason for a refusal, and
  /// has the same exit code.
  @Suite struct DryRunTests {
    private static func text(_ text: String) -> [UInt8]? { Array(text.utf8) }
    private static let crash = [
      "/proc/iomem": text(
        "00100000-5ffdffff : System RAM\n  10000000-17ffffff : Crash kernel\n"),
      "/sys/kernel/kexec_crash_size": text("134217728\n"),
    ]
    private static let disabled = ["/proc/sys/kernel/kexec_load_disabled": text("1\n")]
    private static let user = ["/proc/self/status": text("CapEff:\t00000000ffbfffff\n")]
    private static let container = ["/proc/self/uid_map": text("0 100000 65536\n")]
    private static let usedUp = ["/proc/sys/kernel/kexec_load_limit_reboot": text("0\n")]
    private static let crashUsedUp = ["/proc/sys/kernel/kexec_load_limit_panic": text("0\n")]
    private static let withoutKexec: [String: [UInt8]?] = ["/sys/kernel/kexec_loaded": nil]
    private static let withoutCrash: [String: [UInt8]?] = ["/sys/kernel/kexec_crash_loaded": nil]
    private static let locked = ["/sys/kernel/security/lockdown": text("none [integrity]\n")]
    private static let changed = [
      LoadRecords.path(of: .reboot): LoadRecord.bytes(memoryMap: "0x0-0x1")
    ]

    /// The command, the machine, and the beginning of the refusal; nil if there is none.
    static let rows: [(line: String, files: [String: [UInt8]?], refusal: String?)] = [
      ("-l @/vmlinuz", [:], nil), ("-p @/vmlinuz", [:], nil), ("-u", [:], nil), ("-e", [:], nil),
      ("-l @/vmlinuz", user, "not permitted\n  kexec needs CAP_SYS_BOOT"),
      ("-s -l @/vmlinuz", user, "not permitted\n"), ("-p @/vmlinuz", user, "not permitted\n"),
      ("@/vmlinuz", user, "not permitted\n"), ("-f @/vmlinuz", user, "not permitted\n"),
      ("-l @/vmlinuz", container, "not permitted\n  this is a container"),
      ("--load-jump-back-helper --entry=0x1000", user, "not permitted\n"),
      ("-u", user, "not permitted\n"), ("-u -p", user, "not permitted\n"),
      ("-e", user, "not permitted\n"),
      ("-l @/vmlinuz", disabled, "loading and unloading are switched off\n"),
      ("-p @/vmlinuz", disabled, "loading and unloading are switched off\n"),
      ("-u", disabled, "loading and unloading are switched off\n"), ("-e", disabled, nil),
      ("-l @/vmlinuz", usedUp, "no more loads are allowed\n"),
      ("-p @/vmlinuz", crashUsedUp, "no more loads are allowed\n"),
      ("-p @/vmlinuz", usedUp, nil), ("-u -p", crashUsedUp, "no more loads are allowed\n"),
      ("-l @/vmlinuz", withoutKexec, "the running kernel was built without kexec"),
      ("-p @/vmlinuz", withoutCrash, "the running kernel was built without CONFIG_CRASH_DUMP"),
      // kexec_file_load would require a signature, which is unknown before it is called.
      ("-c -l @/vmlinuz", locked, "cannot load "), ("-c -p @/vmlinuz", locked, "cannot load "),
      ("-s -l @/vmlinuz", locked, nil), ("-l @/vmlinuz", locked, nil),
      ("-e", changed, "the memory map has changed since the kernel was loaded"),
      ("-e -f", changed, nil),
    ]

    /// The real command is refused, too, with the same words.
    @Test(
      "A dry run prints the plan and ends with the refusal and exit code of the real command",
      arguments: rows.indices)
    func dryRunPrintsPlanAndThenTheRefusal(index: Int) {
      let row = Self.rows[index]
      let files = Self.crash.merging(row.files) { $1 }
      let kernel = FakeKernel(files) { $0.kexecLoad = Self.answers(row.files) }
      let exit = kernel.run(row.line + " --dry-run")
      #expect(!kernel.output.isEmpty && kernel.calls.isEmpty, "\(row)")
      #expect(kernel.output.hasPrefix("would ") || kernel.output.contains("\n  kernel    "))
      let real = FakeKernel(files) { $0.kexecLoad = Self.answers(row.files) }
      #expect(real.run(row.line) == exit, "\(row): \(real.errors)")
      func inPlace(_ kernel: FakeKernel) -> String {
        kernel.errors.replacing(kernel.tree.path, with: "@")
      }
      if let refusal = row.refusal {
        let start = "kexec: the load would be refused: "
        #expect(
          exit == .failure && inPlace(kernel).hasPrefix(start + refusal), "\(row): \(kernel.errors)"
        )
        // The real command also prints notes of the plan on standard error, before the refusal.
        #expect(
          inPlace(real).hasSuffix(inPlace(kernel).replacing(start, with: "kexec: ")), "\(row)")
      } else {
        #expect(exit == .success && kernel.errors == "", "\(row): \(kernel.errors)")
      }
    }

    /// The kernel's answers under lockdown.
    private static func answers(_ files: [String: [UInt8]?]) -> [Errno?] {
      files.keys == locked.keys ? [.notPermitted] : []
    }

    /// For a captured machine the plan is printed without an error; with --json it contains the
    /// refusal.
    @Test(
      "A dry run for another machine succeeds and gives the refusal only in JSON",
      arguments: [disabled, user, usedUp, withoutKexec, locked])
    func otherMachineGivesRefusalOnlyInJSON(files: [String: [UInt8]?]) {
      let kernel = FakeKernel(files)
      // Without kexec nothing can be loaded, so -e cannot succeed.
      for line in ["-c -l @/vmlinuz", "-u", "-e"]
      where line != "-e" || files.keys != Self.withoutKexec.keys {
        #expect(kernel.run("\(line) --dry-run --machine=@ --arch=x86_64") == .success)
      }
      #expect(kernel.errors == "" && kernel.calls.isEmpty)
      #expect(
        kernel.run("-c -l @/vmlinuz --dry-run --json --machine=@ --arch=x86_64") == .success)
      #expect(
        kernel.output.contains("\"message\": \"the load would be refused: ") && kernel.errors == "")
    }

    private static let fast: [String: [UInt8]?] = [
      "/vmlinuz": BzImageBuilder { $0.payload = payload(zstd: VmlinuxBuilder().bytes) }.bytes
    ]

    /// Every load draws new numbers, and the plan says so; `--seed` repeats them.
    @Test("Each dry run draws new random addresses, and --seed repeats those of an earlier one")
    func seedRepeatsRandomAddresses() throws {
      let kernel = FakeKernel(Self.fast)
      func plan(_ options: String) -> String {
        let start = kernel.output.count
        #expect(
          kernel.run("-l -c --dry-run -d \(options) @/vmlinuz") == .success, "\(kernel.errors)")
        return String(kernel.output.dropFirst(start))
      }
      let plans = [plan(""), plan("")]
      let words = plans.map { plan in
        plan.split(separator: "\n").first { $0.hasPrefix("  seed ") }?.split(separator: " ") ?? []
      }
      #expect(plans[0] != plans[1])
      for (plan, words) in zip(plans, words) {
        #expect(
          words.dropFirst(2) == ["gives", "the", "same", "addresses"]
            && plan.contains("  (random at each load)\n"))
        let seed = try #require(words.first { $0.hasPrefix("--seed=") })
        let again = [self.plan(String(seed), on: kernel), self.plan(String(seed), on: kernel)]
        #expect(again[0] == again[1])
        #expect(again[0].contains("  (drawn from --seed)\n"))
        // Everything but those lines is unchanged.
        func rest(_ plan: String) -> [Substring] {
          plan.split(separator: "\n").filter {
            !$0.hasPrefix("  seed ") && !$0.hasPrefix("  address ")
          }
        }
        #expect(rest(again[0]) == rest(plan))
      }
      let json = plan("--json")
      #expect(json.contains("\"isDrawnAnew\": true") && !json.contains("\"seed\": null"))
      #expect(plan("--json --seed=0x10").contains("\"seed\": 16,\n  \"isDrawnAnew\": false"))
    }

    private func plan(_ options: String, on kernel: FakeKernel) -> String {
      let start = kernel.output.count
      #expect(
        kernel.run("-l -c --dry-run -d \(options) @/vmlinuz") == .success, "\(kernel.errors)")
      return String(kernel.output.dropFirst(start))
    }

    /// If nothing is drawn, the plan does not mention it.
    @Test(
      "A plan without random addresses has no line about them and no seed in JSON",
      arguments: ["-c --command-line=nokaslr", "-c --no-fast", "-s", "-c --entry-32bit"])
    func planWithoutRandomAddressesHasNoSeed(options: String) {
      let kernel = FakeKernel(Self.fast)
      #expect(kernel.run("-l --dry-run -d \(options) @/vmlinuz") == .success)
      #expect(!kernel.output.contains("random at") && !kernel.output.contains("  seed "))
      #expect(kernel.run("-l --dry-run --json \(options) @/vmlinuz") == .success)
      #expect(kernel.output.contains("\"seed\": null,\n  \"isDrawnAnew\": false"))
    }

    @Test("A dry run draws no addresses when the running kernel has no random bytes")
    func drawsNoAddressesWithoutRandomBytes() {
      let kernel = FakeKernel(Self.fast) { $0.hasRandomBytes = false }
      #expect(kernel.run("-l -c --dry-run -d @/vmlinuz") == .success)
      #expect(!kernel.output.contains("random at") && !kernel.output.contains("  seed "))
    }
  }
}
