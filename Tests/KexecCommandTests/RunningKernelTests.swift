import ByteCoding
import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

/// The running kernel's answers are passed on unchanged. Nothing here needs privileges; calls that
/// could change something are refused for every user.
@Suite struct RunningKernelTests {
  private let kernel = LinuxKernel.running

  @Test("System calls that the running kernel refuses return their errors")
  func refusedCallsGiveTheirError() {
    // Flags and a command that no kernel knows: EINVAL, EPERM or ENOSYS.
    #expect(kernel.kexec.kexecLoad(0, [], 0xFFFF) != nil)
    #expect(kernel.kexec.kexecFileLoad(nil, nil, [], 0xFFFF_FFFF) != nil)
    #expect(kernel.kexec.reboot(0x7FFF_FFF0) != nil)
    #expect(kernel.fileSystems.openMount("/none/at/all") == .failure(.noSuchFile))
    #expect(kernel.fileSystems.syncMount(-1) == Errno(rawValue: EBADF))
    #expect(kernel.memoryFiles.write(-1, SharedBytes([1])) == .failure(Errno(rawValue: EBADF)))
    #expect(kernel.process.run("/none/at/all", []) == .failure(.noSuchFile))
  }

  @Test(
    "An error has its name in errno.h, or its number where there is none",
    arguments: [
      (EPERM, "EPERM"), (EAGAIN, "EAGAIN"), (EOPNOTSUPP, "EOPNOTSUPP"), (ENOKEY, "ENOKEY"),
      (ENOTDIR, "ENOTDIR"), (9999, "errno 9999"), (-1, "errno -1"),
    ] as [(Int32, String)])
  func errorsHaveNames(number: Int32, name: String) {
    #expect(Errno(rawValue: number).name == name)
  }

  @Test("Only the result 0 of a system call counts as success")
  func onlyZeroIsSuccess() {
    #expect(Errno.ofCall(0) == nil)
    for result in [-1, 1] { #expect(Errno.ofCall(result) != nil) }
  }

  @Test("Running a program returns its exit code, or 128 plus the signal that killed it")
  func returnsExitCodeOfAProgram() {
    #expect(kernel.process.run("true", []) == .success(0))
    #expect(kernel.process.run("sh", ["-c", "exit 3"]) == .success(3))
    #expect(kernel.process.run("sh", ["-c", "kill -9 $$"]) == .success(128 + 9))
  }

  @Test("A file in memory holds the joined parts that were written to it")
  func filesInMemoryHoldWhatIsWritten() throws {
    let parts = [SharedBytes([1, 2, 3]), SharedBytes([4])]
    let file = try InputFile(joining: parts, name: "parts", by: kernel.memoryFiles)
    #expect(file.bytes.array == [1, 2, 3, 4] && file.path == "parts")
  }

  @Test("The clocks give plausible times, and random bytes differ at each request")
  func clocksAndRandomBytesArePlausible() {
    #expect(kernel.clocks.sinceBoot() > 0 && kernel.clocks.wallClock() > 1_700_000_000_000_000_000)
    // The clocks advance. The wall clock may be set back in between.
    let before = (kernel.clocks.sinceBoot(), kernel.clocks.wallClock())
    usleep(1000)
    #expect(kernel.clocks.sinceBoot() >= before.0 + 1_000_000)
    #expect(kernel.clocks.wallClock() != before.1)
    #expect(kernel.process.randomBytes(32)?.count == 32)
    #expect(kernel.process.randomBytes(32) != kernel.process.randomBytes(32))
  }
}
