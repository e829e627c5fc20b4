import TestSupport
import Testing

@testable import KexecCommand

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// Machines for which no load can be planned, and those whose architecture is unknown.
  @Suite struct OtherMachineTests {
    private static let arm = "20000000-9fffffff : System RAM\n"
    private static let cpu = "CPU implementer\t: 0x41\nCPU architecture: 8\nFeatures\t: fp asimd\n"

    /// The machine's files, options, and the error; nil if there is a plan.
    @Test(
      "A plan for a captured machine needs x86_64, shown by its files or given by --arch",
      arguments: [
        (["/m/proc/iomem": arm], "-l", "@/m/proc/iomem does not tell the architecture"),
        (["/m/proc/iomem": arm], "-p", "@/m/proc/iomem does not tell the architecture"),
        (["/m/proc/iomem": arm], "-l --arch=x86_64", nil),
        (["/m/proc/iomem": arm], "-l --arch=amd64", nil),
        (
          ["/m/proc/iomem": arm, "/m/proc/cpuinfo": cpu], "-l",
          "@/m/proc/cpuinfo: this is a machine of architecture arm64, but only x86_64 is supported\n"
            + "  its /proc/iomem is not that of an x86 machine\n"
        ),
        // A proof overrides the option; the appearance of the map does not.
        (
          ["/m/proc/iomem": arm, "/m/proc/cpuinfo": cpu], "-l --arch=x86_64",
          "@/m/proc/cpuinfo: this is a machine of architecture arm64, but only x86_64 is supported\n"
        ),
        (
          ["/m/proc/iomem": "00000000-7fffffff : System RAM\n"], "-l",
          "@/m/proc/iomem: this is not an x86 machine, but only x86_64 is supported\n"
            + "  if it is an x86_64 machine, give --arch=x86_64\n"
        ),
        (["/m/proc/iomem": "00000000-7fffffff : System RAM\n"], "-l --arch=x86_64", nil),
        (
          ["/m/proc/iomem": arm], "-l --arch=arm64",
          "--arch=arm64: only x86_64 is supported\n"
        ),
        (["/m/proc/iomem": arm], "-l --arch=pdp11", "--arch=pdp11: not a known architecture"),
      ] as [([String: String], String, String?)])
    func capturedMachineMustBeX86(files: [String: String], options: String, start: String?) {
      let kernel = FakeKernel(files.mapValues { Array($0.utf8) })
      let exit = kernel.run("--dry-run --machine=@/m -c \(options) @/vmlinuz")
      let said = kernel.errors.replacing(kernel.tree.path, with: "@")
      if let start {
        #expect(exit != .success && said.hasPrefix("kexec: " + start), "\(said)")
        #expect(kernel.output.isEmpty)
      } else {
        #expect(exit == .success && said.isEmpty, "\(said)")
      }
    }

    @Test("The running machine's architecture is not checked, and --arch needs --machine")
    func archIsOnlyForOtherMachines() {
      let kernel = FakeKernel(["/proc/cpuinfo": Array(Self.cpu.utf8)])
      #expect(kernel.run("-l -c @/vmlinuz") == .success)
      let asked = FakeKernel()
      #expect(asked.run("-l --arch=x86_64 @/vmlinuz") == .usage)
      #expect(asked.errors.hasPrefix("kexec: --arch=x86_64 needs --machine"))
    }

    @Test("Errors about the architecture have their codes in JSON")
    func architectureErrorsHaveCodes() {
      for (memory, code) in [
        (Self.arm, "unknownArchitecture"), ("0-7fffffff : System RAM\n", "otherArchitecture"),
      ] {
        let kernel = FakeKernel(["/m/proc/iomem": Array(memory.utf8)])
        #expect(kernel.run("--json --dry-run --machine=@/m -l @/vmlinuz") == .failure)
        #expect(kernel.output.contains("\"code\": \"\(code)\""))
      }
    }

    /// Xen: nothing can be loaded in dom0, nor in a guest that cannot replace itself.
    @Test(
      "A load is refused in dom0 and in a PV guest of Xen, but not in another Xen guest",
      arguments: ["-l -c @/vmlinuz", "-l -s @/vmlinuz", "-p @/vmlinuz", "-f @/vmlinuz"])
    func xenRefusesLoadsInDom0AndPVGuests(line: String) {
      let first = FakeKernel(["/proc/xen/capabilities": Array("control_d\n".utf8)])
      #expect(first.run(line) == .failure)
      #expect(
        first.errors.hasPrefix(
          "kexec: cannot load a kernel here: this is Xen's dom0, and "))
      #expect(first.calls.isEmpty)
      let guest = FakeKernel([
        "/sys/hypervisor/type": Array("xen\n".utf8),
        "/sys/hypervisor/guest_type": Array("PV\n".utf8),
      ])
      #expect(guest.run(line) == .failure && guest.calls.isEmpty)
      let whole = FakeKernel(["/sys/hypervisor/type": Array("xen\n".utf8)])
      #expect(whole.run("-l -c @/vmlinuz") == .success)
    }
  }
}
