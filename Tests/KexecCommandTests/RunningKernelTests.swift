import ByteCoding
import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

/// What the running kernel answers comes through as it is. Nothing here needs rights, and all that
/// could change something is refused for everybody.
@Suite struct RunningKernelTests {
  private let kernel = LinuxKernel.running

  @Test func refusedCallsGiveTheirError() {
    // Flags that no kernel knows, and no command that there is: EINVAL, EPERM or ENOSYS.
    #expect(kernel.kexec.kexecLoad(0, [], 0xFFFF) != nil)
    #expect(kernel.kexec.kexecFileLoad(nil, nil, [], 0xFFFF_FFFF) != nil)
    #expect(kernel.kexec.reboot(0x7FFF_FFF0) != nil)
    #expect(kernel.fileSystems.openMount("/none/at/all") == .failure(.noSuchFile))
    #expect(kernel.fileSystems.syncMount(-1) == Errno(rawValue: EBADF))
    #expect(kernel.memoryFiles.write(-1, SharedBytes([1])) == .failure(Errno(rawValue: EBADF)))
    #expect(kernel.process.run("/none/at/all", []) == .failure(.noSuchFile))
  }

  @Test func onlyZeroIsSuccess() {
    #expect(Errno.ofCall(0) == nil)
    for result in [-1, 1] { #expect(Errno.ofCall(result) != nil) }
  }

  @Test func aProgramsEndIsTold() {
    #expect(kernel.process.run("true", []) == .success(0))
    #expect(kernel.process.run("sh", ["-c", "exit 3"]) == .success(3))
    #expect(kernel.process.run("sh", ["-c", "kill -9 $$"]) == .success(128 + 9))
  }

  @Test func filesInMemoryHoldWhatIsWritten() throws {
    let parts = [SharedBytes([1, 2, 3]), SharedBytes([4])]
    let file = try InputFile(joining: parts, name: "parts", by: kernel.memoryFiles)
    #expect(file.bytes.array == [1, 2, 3, 4] && file.path == "parts")
  }

  @Test func clocksAndRandomNumbersMoveOn() {
    #expect(kernel.clocks.sinceBoot() > 0 && kernel.clocks.wallClock() > 1_700_000_000_000_000_000)
    #expect(kernel.process.randomBytes(32)?.count == 32)
    #expect(kernel.process.randomBytes(32) != kernel.process.randomBytes(32))
  }
}
