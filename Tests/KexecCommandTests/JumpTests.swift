import Glibc
import TestSupport
import Testing

@testable import KexecCommand
@testable import KexecPlanning
@testable import LinuxSystem

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// What `-e` does before the jump, and how it reports the kernel's answers.
  @Suite struct JumpTests {
    private static let up = Int32(IFF_UP | IFF_RUNNING)
    private static let down = Int32(IFF_RUNNING)
    private static let jump = FakeKernel.Call.reboot(0x4558_4543)
    private static let record = LoadRecords.path(of: .reboot)
    private static let ram = "0x1000-0x9ffff 0x100000-0x5ffdffff"

    @Test("kexec -e writes the file systems and takes interfaces down before the jump")
    func syncsAndTakesInterfacesDownBeforeJump() {
      let kernel = FakeKernel { $0.interfaces = ["eth0": Self.up] }
      #expect(kernel.run("-e") == .success)
      #expect(kernel.calls == [.sync, .lock, .setFlags("eth0", Self.down), Self.jump])
      #expect(kernel.errors == "")
    }

    @Test("-x skips taking interfaces down, and -y skips writing the file systems")
    func optionsSkipSyncAndInterfaces() {
      let kernel = FakeKernel { $0.interfaces = ["eth0": Self.up] }
      #expect(kernel.run("-e -x -y") == .success)
      #expect(kernel.calls == [.lock, Self.jump])
    }

    @Test("A jump into a kernel that will return leaves the network interfaces up")
    func returningKernelKeepsInterfacesUp() {
      let kernel = FakeKernel([Self.record: LoadRecord.bytes(returns: true)]) {
        $0.interfaces = ["eth0": Self.up]
      }
      #expect(kernel.run("-e") == .success)
      #expect(kernel.calls == [.sync, .lock, Self.jump])
    }

    @Test(
      "A failed jump is an error and brings the network interfaces up again",
      arguments: [
        .notPermitted, .invalidArgument, .busy, .outOfMemory, .inputOutput, .notImplemented,
      ] as [Errno])
    func failedJumpBringsInterfacesUpAgain(errno: Errno) {
      let kernel = FakeKernel {
        ($0.reboot, $0.interfaces) = (errno, ["eth0": Self.up])
      }
      #expect(kernel.run("-e") == .failure)
      #expect(
        kernel.calls == [
          .sync, .lock, .setFlags("eth0", Self.down), Self.jump, .setFlags("eth0", Self.up),
        ])
      #expect(
        kernel.errors.hasPrefix("kexec: cannot run the loaded kernel: \(errno.text): "),
        "\(kernel.errors)")
    }

    /// EINVAL means that nothing is loaded, if the kernel does not say what is loaded.
    @Test("kexec -e exits with 1 when nothing is loaded and leaves the interfaces up")
    func jumpWithNothingLoadedIsAnError() {
      let unknown = FakeKernel(Self.withoutSys) {
        ($0.reboot, $0.interfaces) = (.invalidArgument, ["eth0": Self.up])
      }
      #expect(unknown.run("-e") == .usage)
      #expect(unknown.errors.contains("kexec: cannot run the loaded kernel: "))
      // The network stays up.
      #expect(unknown.calls == [.sync, .lock, Self.jump])
      let without = FakeKernel(["/sys/kernel/kexec_loaded": nil]) {
        $0.interfaces = ["eth0": Self.up]
      }
      #expect(without.run("-e") == .usage)
      #expect(without.calls == [])
      #expect(without.errors.hasPrefix("kexec: the running kernel was built without kexec ("))
      let known = FakeKernel(["/sys/kernel/kexec_loaded": Array("0\n".utf8)])
      #expect(known.run("-e") == .usage)
      #expect(known.calls == [])
      #expect(known.errors.hasPrefix("kexec: nothing is loaded\n"))
    }

    private static let withoutSys: [String: [UInt8]?] = [
      "/sys/kernel/kexec_loaded": nil, "/sys/kernel/kexec_crash_loaded": nil,
      "/sys/kernel/kexec_crash_size": nil, "/sys/kernel/boot_params/data": nil,
    ]

    /// It is unknown what is loaded, but there is a record of a load.
    @Test("Without /sys, kexec -e trusts the record of a load and jumps as usual")
    func jumpRunsRecordedLoadWithoutSys() {
      let record = [LoadRecords.path(of: .reboot): LoadRecord.bytes(memoryMap: Self.ram)]
      let files = Self.withoutSys.merging(record) { $1 }
      let kernel = FakeKernel(files) { $0.interfaces = ["eth0": Self.up] }
      #expect(kernel.run("-e") == .success)
      #expect(kernel.calls == [.sync, .lock, .setFlags("eth0", Self.down), Self.jump])
    }

    @Test("An interface that stays up is named in a warning and does not stop the jump")
    func warnsOfInterfacesThatStayUp() {
      let kernel = FakeKernel {
        $0.interfaces = ["eth0": Self.up]
        $0.setFlags = ["eth0": .busy]
      }
      #expect(kernel.run("-e") == .success)
      #expect(
        kernel.errors
          == "kexec: warning: eth0: cannot take the interface down: \(Errno.busy.message)\n")
      let blind = FakeKernel { $0.noSocket = .outOfMemory }
      #expect(blind.run("-e") == .success)
      #expect(
        blind.errors
          == "kexec: warning: all: cannot take the interface down: \(Errno.outOfMemory.message)\n")
    }

    @Test("A memory map that has changed since the load stops the jump unless -f is given")
    func changedMemoryMapStopsTheJump() {
      let other = LoadRecord.bytes(memoryMap: "0x1000-0x9ffff")
      let kernel = FakeKernel([Self.record: other])
      #expect(kernel.run("-e") == .failure)
      #expect(kernel.calls == [])
      #expect(
        kernel.errors == """
          kexec: the memory map has changed since the kernel was loaded: 0x1000-0x9ffff then, \
          \(Self.ram) now
            load the kernel again, or run it anyway with -e -f

          """)
      let forced = FakeKernel([Self.record: other])
      #expect(forced.run("-e -f") == .success)
      let hidden = FakeKernel([
        Self.record: other,
        "/proc/iomem": Array("00000000-00000000 : System RAM\n".utf8),
      ])
      #expect(hidden.run("-e") == .success)
      let same = FakeKernel([Self.record: LoadRecord.bytes(memoryMap: Self.ram)])
      #expect(same.run("-e") == .success)
      #expect(same.calls.last == Self.jump)
    }

    @Test("The time of a jump is recorded only for a kernel loaded with time stamps")
    func recordsJumpTimeOfStampedKernel() {
      let kernel = FakeKernel([Self.record: LoadRecord.bytes(isStamped: true)]) {
        $0.wallClock = 42
      }
      #expect(kernel.run("-e") == .success)
      #expect(kernel.files.text(LoadRecords.jump) == "42")
      let other = FakeKernel()
      #expect(other.run("-e") == .success)
      #expect(other.files.text(LoadRecords.jump) == nil)
    }

    @Test("A jump from a container with its own process ids fails")
    func aContainerCannotJump() throws {
      let kernel = FakeKernel(["/proc/self/ns/net": []])
      let link = kernel.tree.path + "/proc/self/ns/pid"
      try #require(unsafe symlink("pid:[4026532000]", link) == 0)
      defer { unsafe unlink(link) }
      #expect(kernel.run("-e") == .failure)
      #expect(kernel.calls == [] && kernel.errors.contains("a container with its own process ids"))
    }

    @Test("kexec -f loads the kernel and jumps, unless the load fails")
    func forceLoadsAndJumps() {
      let kernel = FakeKernel()
      #expect(kernel.run("-f -s @/vmlinuz") == .success)
      #expect(kernel.calls.map(\.isFileLoad) == [true, false, false, false])
      #expect(kernel.calls.last == Self.jump)
      let refused = FakeKernel { $0.kexecFileLoad = [.notPermitted] }
      #expect(refused.run("-f -s @/vmlinuz") == .failure)
      #expect(refused.calls.count == 1)
    }

    @Test(
      "A kernel named without an action is loaded and then run by systemctl or shutdown",
      arguments: [true, false])
    func kernelAloneIsRunByTheInitSystem(isSystemd: Bool) {
      let kernel = FakeKernel(isSystemd ? ["/run/systemd/system/x": []] : [:])
      #expect(kernel.run("-s @/vmlinuz") == .success)
      #expect(
        kernel.calls.dropFirst() == [.run(isSystemd ? "systemctl kexec" : "shutdown -r now")])
    }

    @Test("A shutdown that fails is an error, and a refused load starts no shutdown")
    func aShutdownThatFailsIsAnError() {
      let failing = FakeKernel { $0.run = .success(1) }
      #expect(failing.run("@/vmlinuz") == .failure)
      #expect(
        failing.errors == "kexec: shutdown failed with exit code 1; the kernel stays loaded\n")
      let missing = FakeKernel { $0.run = .failure(.noSuchFile) }
      #expect(missing.run("@/vmlinuz") == .failure)
      #expect(missing.errors.hasPrefix("kexec: cannot run shutdown: "))
      let refused = FakeKernel { $0.kexecFileLoad = [.notPermitted] }
      #expect(refused.run("@/vmlinuz") == .failure)
      #expect(refused.calls.count == 1)
    }

    @Test("--force-sync writes before the shutdown, which does not start if a write fails")
    func forceSyncComesBeforeTheShutdown() {
      let kernel = FakeKernel { $0.syncMount = ["/": .inputOutput] }
      #expect(kernel.run("@/vmlinuz --force-sync") == .failure)
      #expect(!kernel.calls.contains(.run("shutdown -r now")))
    }
  }
}
