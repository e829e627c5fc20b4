import Glibc
import TestSupport
import Testing

@testable import KexecCommand
@testable import KexecPlanning
@testable import LinuxSystem

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// Unloading, what forbids it, the records, and the output about the kernel's state.
  @Suite struct KernelStateTests {
    private static func text(_ text: String) -> [UInt8]? { Array(text.utf8) }
    private static let unload = UInt(1)
    private static let lockdown = ["/sys/kernel/security/lockdown": text("none [integrity]\n")]

    @Test("An unload uses kexec_load, or kexec_file_load under lockdown")
    func unloadUsesFileLoadUnderLockdown() {
      let kernel = FakeKernel()
      #expect(kernel.run("-u") == .success)
      #expect(kernel.calls == [.load(segments: 0, flags: 0)])
      // Each attempt counts against kexec_load_limit_*.
      let locked = FakeKernel(Self.lockdown)
      #expect(locked.run("-u") == .success)
      #expect(
        locked.calls == [.fileLoad(kernel: nil, initrd: nil, line: [], flags: Self.unload)])
    }

    @Test("An unload tries the other system call when the first one fails")
    func unloadTriesOtherCallAfterAnError() {
      let kernel = FakeKernel(["/sys/kernel/kexec_crash_size": Self.text("268435456\n")]) {
        $0.kexecLoad = [.notPermitted]
      }
      #expect(kernel.run("-u -p") == .success)
      #expect(
        kernel.calls == [
          .load(segments: 0, flags: 1),
          .fileLoad(kernel: nil, initrd: nil, line: [], flags: Self.unload | 2),
        ])
      let locked = FakeKernel(Self.lockdown) { $0.kexecFileLoad = [.notImplemented] }
      #expect(locked.run("-u") == .success)
      #expect(locked.calls.map(\.isFileLoad) == [true, false])
    }

    @Test("A failed unload reports the errors of both system calls")
    func failedUnloadReportsBothErrors() {
      let kernel = FakeKernel {
        ($0.kexecLoad, $0.kexecFileLoad) = ([.notPermitted], [.busy])
      }
      #expect(kernel.run("-u") == .failure)
      #expect(
        kernel.errors.hasPrefix(
          "kexec: cannot unload the kernel: kexec_load: \(Errno.notPermitted.text): "))
      #expect(kernel.errors.contains("; kexec_file_load: \(Errno.busy.text): a load, or a change"))
    }

    @Test("The advice for a missing system call is the other one, unless that was tried")
    func adviceIsNotWhatWasTried() {
      for (line, end) in [
        ("-u", "built without CONFIG_KEXEC_FILE\n"), ("-c -u", "\n  try kexec_file_load (-s)\n"),
      ] {
        let kernel = FakeKernel {
          ($0.kexecLoad, $0.kexecFileLoad) = ([.notImplemented], [.notImplemented])
        }
        #expect(kernel.run(line) == .failure)
        #expect(kernel.errors.hasPrefix("kexec: cannot unload the kernel: kexec_load: "))
        #expect(kernel.errors.hasSuffix(end), "\(line): \(kernel.errors)")
      }
    }

    @Test("An unload with -c or -s uses only the requested system call", arguments: ["-c", "-s"])
    func unloadUsesOnlyTheRequestedCall(option: String) {
      let kernel = FakeKernel { ($0.kexecLoad, $0.kexecFileLoad) = ([.busy], [.busy]) }
      #expect(kernel.run("-u \(option)") == .failure)
      #expect(kernel.calls.map(\.isFileLoad) == [option == "-s"])
    }

    @Test(
      "A used-up load limit refuses loads and unloads before any system call",
      arguments: [
        ("-l @/vmlinuz", "reboot", "kernel.kexec_load_limit_reboot allows no more loads"),
        ("-u", "reboot", "kernel.kexec_load_limit_reboot allows no more loads"),
        ("-p @/vmlinuz", "panic", "kernel.kexec_load_limit_panic allows no more loads"),
        ("-u -p", "panic", "kernel.kexec_load_limit_panic allows no more loads"),
        ("--load-jump-back-helper --entry=0x1000", "reboot", "reboot allows no more loads"),
      ])
    func usedUpLoadLimitRefusesLoads(line: String, name: String, advice: String) {
      for (limit, isReached) in [("0\n", true), ("1\n", false), ("-1\n", false)] {
        let kernel = FakeKernel([
          "/proc/sys/kernel/kexec_load_limit_\(name)": Self.text(limit),
          "/proc/iomem": Self.text(
            "00100000-5ffdffff : System RAM\n  10000000-17ffffff : Crash kernel\n"),
          "/sys/kernel/kexec_crash_size": Self.text("134217728\n"),
        ])
        #expect(kernel.run(line) == (isReached ? .failure : .success), "\(kernel.errors)")
        #expect(kernel.calls.isEmpty == isReached)
        guard isReached else { continue }
        #expect(kernel.errors.hasPrefix("kexec: no more loads are allowed\n"))
        #expect(kernel.errors.contains(advice))
      }
    }

    @Test(
      "kexec_load_disabled refuses loads and unloads before any system call",
      arguments: ["-l @/vmlinuz", "-u", "-p @/vmlinuz"])
    func loadDisabledRefusesLoadsAndUnloads(line: String) {
      let kernel = FakeKernel(["/proc/sys/kernel/kexec_load_disabled": Self.text("1\n")])
      #expect(kernel.run(line) == .failure)
      #expect(kernel.calls == [])
      #expect(kernel.errors.hasPrefix("kexec: loading and unloading are switched off\n"))
    }

    /// A kernel that was loaded before can still be run.
    @Test("kexec_load_disabled does not stop a jump into a loaded kernel")
    func loadDisabledAllowsAJump() {
      let kernel = FakeKernel(["/proc/sys/kernel/kexec_load_disabled": Self.text("1\n")])
      #expect(kernel.run("-e") == .success)
    }

    @Test(
      "Without CAP_SYS_BOOT or in a user namespace, no system call is tried",
      arguments: ["-l @/vmlinuz", "-p @/vmlinuz", "-u", "-e"])
    func triesNothingWithoutPermission(line: String) {
      for files in [
        ["/proc/self/status": Self.text("CapEff:\t00000000ffbfffff\n")],
        ["/proc/self/uid_map": Self.text("0 100000 65536\n")],
      ] {
        let kernel = FakeKernel(files)
        #expect(kernel.run(line) == .failure)
        #expect(kernel.calls == [] && kernel.errors.hasPrefix("kexec: not permitted\n"))
      }
    }

    @Test("A load fails if the running kernel lacks kexec, but is tried when /sys is missing")
    func loadFailsOnKernelWithoutKexec() {
      let kernel = FakeKernel(["/sys/kernel/kexec_loaded": nil])
      #expect(kernel.run("-l @/vmlinuz") == .failure)
      #expect(kernel.calls == [])
      #expect(
        kernel.errors
          == "kexec: the running kernel was built without kexec (CONFIG_KEXEC or CONFIG_KEXEC_FILE)\n"
          + "  boot a kernel that is built with it: grep KEXEC /boot/config-*\n")
      // Without /sys the state is unknown.
      let blind = FakeKernel([
        "/sys/kernel/kexec_loaded": nil, "/sys/kernel/kexec_crash_loaded": nil,
        "/sys/kernel/kexec_crash_size": nil, "/sys/kernel/boot_params/data": nil,
      ])
      #expect(blind.run("-l @/vmlinuz") == .success)
      #expect(blind.run("-S") == .failure)
      #expect(
        blind.errors.contains("/sys/kernel is not there: what is loaded cannot be determined\n"))
    }

    @Test(
      "-S exits with 1 if the crash kernel is loaded, and -S -l if the kernel is",
      arguments: [
        ("-S", "1", "0", .success), ("-S", "0", "1", .usage), ("-S -l", "1", "0", .usage),
        ("-S -l", "0", "1", .success),
      ] as [(String, String, String, ExitCode)])
    func statusExitsByWhatIsLoaded(
      line: String, loaded: String, crashLoaded: String, wanted: ExitCode
    ) {
      let kernel = FakeKernel([
        "/sys/kernel/kexec_loaded": Self.text(loaded),
        "/sys/kernel/kexec_crash_loaded": Self.text(crashLoaded),
      ])
      #expect(kernel.run(line) == wanted)
      #expect(kernel.output.hasPrefix("kernel: \(loaded == "1" ? "loaded" : "not loaded")\n"))
    }

    @Test("--load-jump-back-helper loads two segments and records them unless it is refused")
    func jumpBackHelperIsLoadedAndRecorded() {
      let kernel = FakeKernel()
      #expect(kernel.run("--load-jump-back-helper --entry=0x1000") == .success)
      #expect(kernel.calls == [.load(segments: 2, flags: 62 << 16 | 2)])
      #expect(kernel.record?.returns == true)
      let refused = FakeKernel {
        ($0.kexecLoad, $0.logLines) = ([.invalidArgument], ["kexec: no"])
      }
      #expect(refused.run("--load-jump-back-helper --entry=0x1000") == .failure)
      #expect(refused.calls.count == 1 && refused.record == nil)
      #expect(refused.errors.contains("CONFIG_KEXEC_JUMP"))
      #expect(refused.errors.contains("\n  kernel log: kexec: no\n"))
    }

    @Test("--report takes its times from the stamps and clocks, and fails on a counter reset")
    func reportComputesTimesFromClocks() {
      var stamps = TimeStamps(loaded: 1000, wallClock: 6000)
      (stamps.entered, stamps.checked) = (3_000_000, 3_500_000)
      let kernel = FakeKernel([
        "/proc/cmdline": Self.text("quiet \(stamps.word)\n"), LoadRecords.jump: Self.text("7000\n"),
      ]) { $0.counter = 9_500_000 }
      #expect(kernel.run("--report --json") == .success)
      #expect(
        kernel.output == """
          {
            "schema": 1,
            "shutdownNanoseconds": 2998000,
            "checkNanoseconds": 500000,
            "kernelStartNanoseconds": 5000000,
            "kernelToInitNanoseconds": 2000000
          }

          """)
      let back = FakeKernel(["/proc/cmdline": Self.text(stamps.word)]) { $0.counter = 1 }
      #expect(back.run("--report") == .failure)
    }
  }
}
