import TestSupport
import Testing

@testable import KexecCommand

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// Impossible entries of a memory map are reported, whether there is a plan or not.
  @Suite struct MapFaultTests {
    private static let files: [String: [UInt8]?] = [
      "/proc/iomem": Array(
        "00001000-0009ffff : System RAM\n00100000-5ffdffff : System RAM\n70000000-6fffffff : Reserved\n"
          .utf8),
      "/sys/firmware/memmap/0/start": Array("0x0\n".utf8),
      "/sys/firmware/memmap/0/end": Array("0x5fffffff\n".utf8),
      "/sys/firmware/memmap/0/type": Array("System RAM\n".utf8),
      "/sys/firmware/memmap/1/start": Array("0x8000\n".utf8),
      "/sys/firmware/memmap/1/end": Array("x\n".utf8),
      "/sys/firmware/memmap/1/type": Array("Reserved\n".utf8),
    ]
    private static let line =
      "/proc/iomem line 3 is not used: it ends before it starts: 70000000-6fffffff : Reserved\n"
    private static let entry =
      "/sys/firmware/memmap/1 is not used: it is not a range: 0x8000-x : Reserved\n"

    @Test(
      "A load warns exactly once of each invalid entry of the memory maps",
      arguments: [
        "-l -c @/vmlinuz", "-l -s @/vmlinuz", "-l -c --mem-max=0xffffff @/vmlinuz",
        "-p -c @/vmlinuz", "-l --serial=COM1 @/vmlinuz",
      ])
    func warnsOnceOfEachMapFault(line: String) {
      let kernel = FakeKernel(Self.files)
      _ = kernel.run(line)
      for text in [Self.line, Self.entry] {
        #expect(kernel.errors.ranges(of: "kexec: warning: " + text).count == 1, "\(kernel.errors)")
      }
    }

    @Test("A plan notes the invalid entries of the memory maps, as text and in JSON")
    func planNotesMapFaults() {
      let kernel = FakeKernel(Self.files)
      #expect(kernel.run("-l -c --dry-run @/vmlinuz") == .success)
      #expect(kernel.output.contains("\n  warning   " + Self.line))
      #expect(kernel.output.contains("\n  warning   " + Self.entry))
      let programs = FakeKernel(Self.files)
      #expect(programs.run("-l -c --dry-run --json @/vmlinuz") == .success)
      #expect(programs.output.contains("\"code\": \"mapFault\""))
      let helper = FakeKernel(Self.files)
      #expect(helper.run("--dry-run --load-jump-back-helper --entry=0x1000") == .success)
      #expect(helper.output.contains("\n  warning   " + Self.line))
    }
  }
}
