import ByteCoding
import TestSupport
import Testing

@testable import KexecCommand
@testable import KexecPlanning
@testable import LinuxSystem

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// Loads, unloads and jumps write a line into the kernel's log: what was done, and by whom.
  @Suite struct KernelLogTests {
    private static func text(_ text: String) -> [UInt8]? { Array(text.utf8) }
    private static let kernel = "6.1.0-56-cloud-amd64 (@/vmlinuz)"

    @Test(
      "The kernel log gets a line for each load, unload and jump, but none for dry runs or -S",
      arguments: [
        ("-l -s @/vmlinuz", ["loaded \(kernel) by kexec_file_load"]),
        ("-l -c @/vmlinuz", ["loaded \(kernel) by kexec_load"]),
        ("-p -s @/vmlinuz", ["loaded as crash kernel: \(kernel) by kexec_file_load"]),
        ("-u", ["unloaded the kernel"]), ("-u -p", ["unloaded the crash kernel"]),
        ("-e", ["jumping into the loaded kernel", "the other kernel has returned"]),
        (
          "-f -s @/vmlinuz",
          [
            "loaded \(kernel) by kexec_file_load", "jumping into \(kernel)",
            "the other kernel has returned",
          ]
        ),
        (
          "-s @/vmlinuz",
          [
            "loaded \(kernel) by kexec_file_load",
            "shutting down by shutdown -r now, into \(kernel)",
          ]
        ),
        (
          "--load-jump-back-helper --entry=0x1000",
          ["loaded the kernel at 0x1000 by kexec_load"]
        ),
        ("-l --dry-run @/vmlinuz", []), ("-e --dry-run", []), ("-u --dry-run", []), ("-S", []),
      ] as [(String, [String])])
    func logsLoadsUnloadsAndJumps(line: String, wanted: [String]) {
      let kernel = FakeKernel([
        "/proc/iomem": Self.text(
          "00100000-5ffdffff : System RAM\n  10000000-17ffffff : Crash kernel\n"),
        "/sys/kernel/kexec_crash_size": Self.text("134217728\n"),
        "/sys/kernel/kexec_crash_loaded": Self.text("1\n"),
      ])
      _ = kernel.run(line)
      #expect(
        kernel.logged
          == wanted.map {
            "kexec: \($0.replacing("@", with: kernel.tree.path)); by an unknown user"
          }, "\(kernel.errors)")
    }

    @Test("The log line names the user, the login, sudo and the calling process")
    func logNamesUserAndCaller() {
      let kernel = FakeKernel([
        "/proc/self/status": Self.text(
          "Name:\tkexec\nPPid:\t812\nUid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n"),
        "/proc/self/loginuid": Self.text("1000"), "/proc/812/comm": Self.text("sudo\n"),
        "/proc/self/environ": Self.text("A=b\0SUDO_USER=ann\0SUDO_USERS=x\0"),
      ])
      #expect(kernel.run("-u") == .success)
      #expect(
        kernel.logged == [
          "kexec: unloaded the kernel; by user 0, logged in as 1000, by sudo of ann, called by "
            + "sudo 812"
        ])
      let service = FakeKernel([
        "/proc/self/status": Self.text("PPid:\t1\nUid:\t0\t0\t0\t0\nCapEff:\tffffffffff\n"),
        "/proc/self/loginuid": Self.text("4294967295"),
      ])
      #expect(service.run("-u") == .success)
      #expect(service.logged == ["kexec: unloaded the kernel; by user 0, called by 1"])
    }

    @Test("A failed jump is logged, and a refused load or unload is not")
    func logsFailedJumpsButNoRefusedLoads() {
      let refused = FakeKernel { ($0.kexecLoad, $0.kexecFileLoad) = ([.busy], [.busy]) }
      #expect(refused.run("-l @/vmlinuz") == .failure && refused.run("-u -c") == .failure)
      #expect(refused.logged == [])
      let idle = FakeKernel(["/sys/kernel/kexec_loaded": Self.text("0\n")])
      #expect(idle.run("-u") == .success && idle.run("-e") == .usage)
      #expect(idle.logged == [])
      let jump = FakeKernel { $0.reboot = .busy }
      #expect(jump.run("-e") == .failure)
      #expect(jump.logged.count == 2 && jump.logged[1].hasPrefix("kexec: no jump: "))
      let unsynced = FakeKernel { $0.syncMount = ["/": .inputOutput] }
      #expect(unsynced.run("-e --force-sync") == .failure)
      #expect(
        unsynced.logged.count == 2
          && unsynced.logged[1].hasPrefix("kexec: no jump: cannot write every file system: \"/"))
    }

    /// There is space for the user, however long the name is.
    @Test("A long kernel path is shortened in the log so that the user still fits")
    func logShortensLongPaths() {
      let name = "/" + String(repeating: "x", count: 250)
      let kernel = FakeKernel(["\(name)\(name)\(name)": BzImageBuilder().bytes])
      #expect(kernel.run("-s -l @\(name)\(name)\(name)") == .success)
      #expect(
        kernel.logged.first.map { $0.count < 700 && $0.hasSuffix("; by an unknown user") } == true)
    }
  }
}
