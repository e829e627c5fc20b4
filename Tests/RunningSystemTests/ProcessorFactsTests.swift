import LinuxSystem
import TestSupport
import Testing

@testable import RunningSystem

@Suite struct ProcessorFactsTests {
  /// Flags of /proc/cpuinfo, the running kernel's command line, and whether memory may be
  /// encrypted.
  @Test(
    "Processor flags and mem_encrypt= show whether memory may be encrypted",
    arguments: [
      ("fpu vme sse2", "", false), ("fpu hypervisor", "", false),
      ("fpu hypervisor tdx_guest", "", true), ("tdx_guest", "", true),
      ("fpu hypervisor sev", "", true), ("fpu hypervisor sev_es", "", true),
      ("hypervisor sev_snp", "", true), ("hypervisor sme", "", true),
      // These are hosts, which can encrypt memory. The command line says whether they do.
      ("fpu sme sev sev_es", "", false), ("fpu sme sev", "mem_encrypt=on", true),
      ("fpu sme sev", "quiet mem_encrypt=off", false), ("fpu", "mem_encrypt", true),
      ("sevenfold tdx_guest_not hypervisor", "", false), ("", "", false),
    ] as [(String, String, Bool)])
  func flagsShowEncryptedMemory(flags: String, commandLine: String, mayBe: Bool) {
    let machine = TemporaryTree([
      "/proc/cpuinfo": "processor\t: 0\nvendor_id\t: X\nflags\t\t: \(flags)\nbugs\t\t: sev\n",
      "/proc/cmdline": commandLine + "\n",
    ]).machine
    #expect(machine.mayHaveEncryptedMemory == mayBe)
  }

  /// CPUID leaf 0x8000001F: bit 1 is SEV, 3 SEV-ES, 4 SEV-SNP; 0 SME, 2 page flush.
  @Test(
    "CPUID shows whether the memory of a guest may be encrypted",
    arguments: [
      ("hypervisor", 0b0_0010, false, true), ("hypervisor", 0b0_1000, false, true),
      ("hypervisor", 0b1_0000, false, true), ("hypervisor", 0b0_0101, false, false),
      // A host that could encrypt the memory of its guests.
      ("fpu", 0b1_1111, false, false), ("fpu", 0, true, true), ("fpu", 0, false, false),
    ] as [(String, UInt32, Bool, Bool)])
  func cpuidShowsEncryptedMemory(
    flag: String, memoryEncryption: UInt32, isTrustDomain: Bool, mayBe: Bool
  ) {
    let facts = ProcessorFacts(
      flags: [flag], memoryEncryption: memoryEncryption, isTrustDomain: isTrustDomain)
    #expect(facts.mayHaveEncryptedMemory(KernelCommandLine("")) == mayBe)
  }

  @Test(
    "A confidential computing blob in boot_params means that memory may be encrypted",
    arguments: [0x13C, 0x13D, 0x13E, 0x13F])
  func ccBlobShowsEncryptedMemory(offset: Int) {
    var bytes = [UInt8](repeating: 0, count: 4096)
    #expect(
      !TemporaryTree(bytes: ["/sys/kernel/boot_params/data": bytes]).machine.mayHaveEncryptedMemory)
    (bytes[0x13B], bytes[0x140]) = (1, 1)
    #expect(
      !TemporaryTree(bytes: ["/sys/kernel/boot_params/data": bytes]).machine.mayHaveEncryptedMemory)
    bytes[offset] = 1
    #expect(
      TemporaryTree(bytes: ["/sys/kernel/boot_params/data": bytes]).machine.mayHaveEncryptedMemory)
  }

  @Test(
    "The flag la57 without no5lvl means that 5-level paging is in use",
    arguments: [
      ("la57", "", true), ("la57", "no5lvl", false), ("fpu", "", false), ("la57x", "", false),
    ])
  func recognisesFiveLevelPaging(flags: String, commandLine: String, isUsed: Bool) {
    let machine = TemporaryTree([
      "/proc/cpuinfo": "flags\t\t: fpu \(flags)\n", "/proc/cmdline": commandLine,
    ]).machine
    #expect(machine.usesFiveLevelPaging == isUsed)
  }

  /// Only the first processor's line counts, and only the beginning of the file is read.
  @Test("The flags of the first processor are read from a long /proc/cpuinfo")
  func readsFlagsFromLongFile() {
    let one = "processor\t: 0\nflags\t\t: fpu la57\n\n"
    let many = String(repeating: "processor\t: 1\nflags\t\t: fpu\n\n", count: 2000)
    let tree = TemporaryTree(["/proc/cpuinfo": one + many])
    #expect(ProcessorFacts(in: FileTree(root: tree.path)).flags.isSuperset(of: ["fpu", "la57"]))
  }

  @Test(
    "/proc/meminfo gives the available memory and shows unaccepted memory",
    arguments: [
      ("MemTotal: 1 kB\nMemAvailable:    2048 kB\n", 2 << 20, false),
      ("MemAvailable: 1 kB\nUnaccepted: 0 kB\n", 1024, false),
      ("Unaccepted:    4 kB\n", nil, true), ("", nil, false), ("MemAvailable:\n", nil, false),
      ("MemAvailable: x kB\n", nil, false), ("XMemAvailable: 5 kB\n", nil, false),
    ] as [(String, UInt64?, Bool)])
  func readsAvailableMemory(text: String, available: UInt64?, isUnaccepted: Bool) {
    let machine = TemporaryTree(["/proc/meminfo": text]).machine
    #expect(machine.availableMemory == available)
    #expect(machine.hasUnacceptedMemory == isUnaccepted)
  }
}
