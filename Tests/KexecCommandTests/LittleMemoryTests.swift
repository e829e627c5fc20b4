import TestSupport
import Testing

@testable import KexecCommand
@testable import LinuxSystem

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// Loads with little memory, for which the running kernel would have to kill processes.
  @Suite struct LittleMemoryTests {
    struct Row: Sendable, CustomTestStringConvertible {
      let testDescription: String
      /// MiB of available memory, and of free swap.
      var available: Int?
      var swap = 0
      /// MiB that the control group leaves.
      var group: Int?
      var options = "-c"
      /// MiB of the initrd, which is all zeros.
      var initrd = 1
      /// The beginning of the error; nil if the load succeeds.
      let error: String?
    }

    /// The kernel takes init_size, 51.5 MiB; the load takes 16 MiB in addition to the pages of the
    /// image.
    static let rows: [Row] = [
      Row(testDescription: "unknown", error: nil),
      Row(testDescription: "enough", available: 200, initrd: 100, error: nil),
      Row(
        testDescription: "too little", available: 150, initrd: 100,
        error: "not enough memory: the load needs 167"),
      Row(
        testDescription: "too little for the kernel alone", available: 50,
        error: "not enough memory: the load needs 68"),
      Row(testDescription: "with swap", available: 150, swap: 50, initrd: 100, error: nil),
      Row(
        testDescription: "by the file call, which reads the file, too", available: 200,
        options: "-s", initrd: 100, error: "not enough memory: the load needs 267"),
      Row(
        testDescription: "enough for the file call", available: 300, options: "-s", initrd: 100,
        error: nil),
      Row(
        testDescription: "by either call", available: 150, options: "", initrd: 100,
        error: "not enough memory: the load needs 267"),
      Row(
        testDescription: "of a crash kernel, whose memory is reserved", available: 20,
        options: "-p -c", initrd: 10, error: nil),
      // Pages of mapped files can be reclaimed, and the kernel's copy does not count against the
      // group.
      Row(testDescription: "in a small group", group: 10, initrd: 100, error: nil),
      Row(
        testDescription: "of two initrds by the file call, in a small group", group: 90,
        options: "-s --initrd=@/initrd", initrd: 100,
        error: "not enough memory: the load needs 100"),
    ]

    @Test(
      "A load is refused when too little memory is free for it, and otherwise goes ahead",
      arguments: rows)
    func refusesLoadWithTooLittleMemory(row: Row) {
      var files: [String: [UInt8]?] = [
        "/sys/kernel/kexec_crash_size": Array("268435456\n".utf8),
        "/large": [UInt8](repeating: 0, count: row.initrd << 20),
        "/proc/iomem": Array(
          "00100000-5ffdffff : System RAM\n  10000000-1fffffff : Crash kernel\n".utf8),
      ]
      if let available = row.available {
        files["/proc/meminfo"] = Array(
          "MemAvailable: \(available << 10) kB\nSwapFree: \(row.swap << 10) kB\n".utf8)
      }
      if let group = row.group {
        files["/proc/self/cgroup"] = Array("0::/\n".utf8)
        files["/proc/self/mountinfo"] = Array("1 2 0:1 / /groups rw - cgroup2 cgroup2 rw\n".utf8)
        files["/groups/memory.max"] = Array("\(group << 20)\n".utf8)
        files["/groups/memory.current"] = Array("0\n".utf8)
      }
      let kernel = FakeKernel(files)
      let action = row.options.contains("-p") ? "" : "-l"
      let exit = kernel.run("\(action) \(row.options) @/vmlinuz --initrd=@/large")
      guard let error = row.error else {
        #expect(exit == .success && kernel.calls.count == 1, "\(kernel.errors)")
        return
      }
      #expect(exit == .failure)
      #expect(kernel.calls == [])
      #expect(kernel.errors.contains("kexec: \(error)"), "\(kernel.errors)")
      // The advice says how much to free.
      #expect(kernel.errors.contains("\n  free "), "\(kernel.errors)")
    }
  }
}
