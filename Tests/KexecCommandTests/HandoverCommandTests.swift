import Glibc
import TestSupport
import Testing

@testable import KexecCommand
@testable import LinuxSystem

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// What is kept for the next kernel (KHO), from the load to the jump.
  @Suite struct HandoverCommandTests {
    private static let jump = FakeKernel.Call.reboot(0x4558_4543)

    /// A kernel in which a session can be opened.
    private func kernel(_ more: [String: [UInt8]?] = [:], _ call: Errno? = nil) -> FakeKernel {
      FakeKernel(
        ["/dev/liveupdate": [], "/proc/7/comm": Array("agent\n".utf8), "/proc/7/fd/x": []]
          .merging(more) { $1 }
      ) {
        if let call { $0.kexecFileLoad = [call] }
      }
    }

    /// Opens the session `name` in that process.
    private func open(_ name: String, on kernel: FakeKernel, as number: Int = 3) {
      let link = "\(kernel.tree.path)/proc/7/fd/\(number)"
      #expect(unsafe symlink("anon_inode:[luo_session] \(name)", link) == 0)
    }

    private func close(on kernel: FakeKernel, _ numbers: [Int] = [3]) {
      numbers.forEach { unsafe unlink("\(kernel.tree.path)/proc/7/fd/\($0)") }
    }

    @Test("A load with an open live update session uses kexec_file_load, and the jump follows")
    func loadWithOpenSessionUsesFileLoad() {
      let kernel = kernel()
      open("vm1", on: kernel)
      defer { close(on: kernel) }
      #expect(kernel.run("-l @/vmlinuz") == .success)
      #expect(kernel.calls.map(\.isFileLoad) == [true])
      #expect(kernel.run("-e") == .success)
      #expect(kernel.calls.last == Self.jump)
    }

    /// Whatever kexec_file_load answers: kexec_load would lose the session.
    @Test(
      "A load with an open live update session never falls back to kexec_load",
      arguments: [.notImplemented, .notExecutable, .invalidArgument, .addressNotAvailable]
        as [Errno])
    func openSessionAllowsNoFallback(errno: Errno) {
      let kernel = kernel([:], errno)
      open("vm1", on: kernel)
      defer { close(on: kernel) }
      #expect(kernel.run("-l @/vmlinuz") == .failure)
      #expect(kernel.calls.map(\.isFileLoad) == [true])
    }

    @Test(
      "A load that would lose a live update session is refused, and the error names it",
      arguments: ["-c", "-c -f", "--no-checks", "--command-line=kho=off"])
    func refusesLoadThatLosesASession(options: String) {
      let kernel = kernel()
      open("vm1", on: kernel)
      defer { close(on: kernel) }
      #expect(kernel.run("\(options) -l @/vmlinuz") == .failure)
      #expect(kernel.calls == [])
      #expect(kernel.errors.contains("live update session \"vm1\" of agent (process 7)"))
      #expect(kernel.errors.contains("--drop-handover"))
    }

    @Test("A jump may lose sessions dropped at the load with --drop-handover, but no later ones")
    func jumpLosesOnlyDroppedSessions() {
      let kernel = kernel()
      open("vm1", on: kernel)
      defer { close(on: kernel, [3, 4]) }
      #expect(kernel.run("-c -l --drop-handover @/vmlinuz") == .success)
      #expect(kernel.errors.contains("warning: the jump will lose (--drop-handover): live update"))
      #expect(kernel.run("-e") == .success)
      // But it must not lose a later one.
      open("vm2", on: kernel, as: 4)
      #expect(kernel.run("-e") == .failure)
      #expect(
        kernel.errors.hasSuffix(
          """
          kexec: the jump would lose the state that is kept for the next kernel: live update session "vm2" of \
          agent (process 7)
            load the kernel again, or discard that state with -e --drop-handover

          """), "\(kernel.errors)")
      #expect(kernel.run("-e --drop-handover") == .success)
    }

    @Test("A jump fails when a session was opened after kexec_load loaded the kernel")
    func jumpKeepsSessionOpenedSinceTheLoad() {
      let kernel = kernel()
      #expect(kernel.run("-c -l @/vmlinuz") == .success)
      open("late", on: kernel)
      defer { close(on: kernel) }
      #expect(kernel.run("-e") == .failure)
      #expect(kernel.calls.map(\.isFileLoad) == [false])
      #expect(kernel.run("-u") == .success)
      #expect(kernel.run("-l @/vmlinuz") == .success)
      #expect(kernel.run("-e") == .success)
    }

    /// Another program loaded the kernel, by an unknown system call.
    @Test("A jump warns of a session when it is unknown which system call loaded the kernel")
    func warnsWhenLoadCallIsUnknown() {
      let kernel = kernel()
      open("vm1", on: kernel)
      defer { close(on: kernel) }
      #expect(kernel.run("-e") == .success)
      #expect(
        kernel.errors.contains("lost unless kexec_file_load loaded the kernel: live update"))
    }

    @Test("The status command reports an active handover and the sessions that it keeps")
    func statusReportsTheHandover() {
      let kernel = kernel()
      #expect(kernel.run("status") == .success)
      #expect(
        kernel.output.contains(
          "\nkexec handover: active (/dev/liveupdate); no preserved state was seen\n"))
      open("vm1", on: kernel)
      defer { close(on: kernel) }
      #expect(kernel.run("status") == .success)
      #expect(
        kernel.output.contains(
          "\nkexec handover: active (/dev/liveupdate)\n  kept          live update session \"vm1\" of"
            + " agent (process 7)\n"), "\(kernel.output)")
      #expect(kernel.run("status --json") == .success)
      #expect(kernel.output.contains("\"kind\": \"session\""))
      let ordinary = FakeKernel()
      #expect(ordinary.run("status") == .success)
      #expect(!ordinary.output.contains("handover"))
    }

    @Test("The status command reports when only root can see what a handover keeps")
    func statusReportsHandoverThatOnlyRootSees() {
      let kernel = kernel(["/proc/1/comm": []])
      #expect(kernel.run("status") == .success)
      #expect(
        kernel.output.contains("active (/dev/liveupdate); only root can see what is preserved\n"))
    }
  }
}
