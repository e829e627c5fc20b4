import LinuxSystem
import RunningSystem
import TestSupport
import Testing

/// How kexec handover (KHO) is detected, and what it preserves.
@Suite struct KexecHandoverTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var line = ""
    var files: [String: String] = [:]
    var links: [String: String] = [:]
    var evidence: String?
    var preserved: [KexecHandover.PreservedState] = []

    var handover: KexecHandover? {
      var files = files
      files["/proc/cmdline"] = line + "\n"
      return TemporaryTree(files, links: links).machine.handover
    }
  }

  private static let directory = "/sys/kernel/debug/kho"
  private static let configured = [
    "/proc/version": "Linux version 7.2.1 (x@y) #1",
    "/boot/config-7.2.1":
      "CONFIG_KEXEC_HANDOVER=y\nCONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y\n",
  ]
  private static let without = [
    "/proc/version": "Linux version 7.2.1 (x@y) #1",
    "/boot/config-7.2.1": "# CONFIG_KEXEC_HANDOVER is not set\nCONFIG_KEXEC=y\n",
  ]

  static let evidence: [Case] = [
    Case(testDescription: "an ordinary kernel", line: "quiet"),
    Case(
      testDescription: "debugfs", files: ["\(directory)/out/finalize": "0"], evidence: directory),
    Case(
      testDescription: "sysfs", files: ["/sys/kernel/kho/out/x": "", "\(directory)/out/x": ""],
      evidence: "/sys/kernel/kho"),
    Case(
      testDescription: "the device", files: ["/dev/liveupdate": ""], evidence: "/dev/liveupdate"),
    Case(
      testDescription: "the device, without /dev",
      files: ["/proc/misc": "258 kvm\n259 liveupdate\n"], evidence: "/dev/liveupdate"),
    Case(testDescription: "another device", files: ["/proc/misc": "258 xliveupdate\n"]),
    Case(testDescription: "kho=on", line: "kho=on", evidence: "kho=on"),
    Case(testDescription: "kho=1", line: "quiet kho=1", evidence: "kho=on"),
    Case(testDescription: "kho=y in quotes", line: #""kho=yes""#, evidence: "kho=on"),
    Case(testDescription: "the last word counts", line: "kho=off kho=on", evidence: "kho=on"),
    Case(testDescription: "switched off by the last", line: "kho=on kho=off"),
    Case(
      testDescription: "a word that means nothing", line: "kho=on kho=perhaps", evidence: "kho=on"),
    Case(testDescription: "a lone word", line: "kho"),
    Case(testDescription: "a word for init", line: "quiet -- kho=on"),
    Case(testDescription: "another word", line: "nokho=on kho_scratch=on"),
    Case(
      testDescription: "on by default", files: configured, evidence: "/boot/config-7.2.1"),
    Case(testDescription: "on by default, switched off", line: "kho=off", files: configured),
    Case(testDescription: "a kernel without it", line: "kho=on", files: without),
    Case(
      testDescription: "a kernel that found no memory for it", line: "kho=on",
      files: ["/dev/kmsg": "KHO: Failed to reserve scratch area, disabling kexec handover\n"]),
    Case(
      testDescription: "what is there counts more", line: "kho=off",
      files: ["\(directory)/out/x": ""], evidence: directory),
  ]

  @Test(
    "Files, the command line and the configuration show whether kexec handover is active",
    arguments: evidence)
  func recognisesActiveHandover(row: Case) {
    #expect(row.handover?.evidence == row.evidence)
    #expect(row.handover?.preserved ?? [] == [])
  }

  private static func session(_ name: String, _ id: Int = 7) -> KexecHandover.PreservedState {
    .session(name: name, process: "agent", id: id)
  }

  static let signs: [Case] = [
    Case(
      testDescription: "a session", files: ["/proc/7/comm": "agent\n"],
      links: ["/proc/7/fd/3": "anon_inode:[luo_session] vm1"], preserved: [session("vm1")]),
    Case(
      testDescription: "two of two processes, and one twice",
      files: ["/proc/7/comm": "agent\n", "/proc/12/comm": "agent\n"],
      links: [
        "/proc/7/fd/3": "anon_inode:[luo_session] vm1",
        "/proc/7/fd/4": "anon_inode:[luo_session] vm1",
        "/proc/12/fd/0": "anon_inode:[luo_session] vm 2",
      ], preserved: [session("vm1"), session("vm 2", 12)]),
    Case(
      testDescription: "a session without a name, of a process without one",
      links: ["/proc/7/fd/3": "anon_inode:[luo_session]"],
      preserved: [.session(name: "", process: "?", id: 7)]),
    Case(
      testDescription: "other descriptors",
      links: [
        "/proc/7/fd/3": "anon_inode:[eventpoll]", "/proc/7/fd/4": "/dev/liveupdate",
        "/proc/self/fd/3": "anon_inode:[luo_session] mine",
      ]),
    Case(
      testDescription: "reserved memory", line: "reserve_mem=4M:4096:trace reserve-mem=1M:1M:more",
      preserved: [.reservedMemory(name: "trace"), .reservedMemory(name: "more")]),
    Case(
      testDescription: "no such words",
      line: "reserve_mem=4M reserve_mem=4M:4K -- reserve_mem=4M:4096:x"),
    Case(
      testDescription: "what always is there",
      files: ["\(directory)/out/sub_fdts/kexec-metadata": "", "\(directory)/out/sub_fdts/LUO": ""]),
    Case(
      testDescription: "an entry of another name",
      files: [
        "\(directory)/out/sub_fdts/kexec-metadata": "", "\(directory)/out/sub_fdts/vmalloc": "",
      ],
      preserved: [.entry(name: "vmalloc")]),
    Case(
      testDescription: "reserved memory, without the words",
      files: ["\(directory)/out/sub_fdts/memblock": ""], preserved: [.entry(name: "memblock")]),
    Case(
      testDescription: "an entry, by names yet to come",
      files: ["/sys/kernel/kho/out/sub_blobs/guest": ""], preserved: [.entry(name: "guest")]),
    Case(
      testDescription: "the entry of the reserved memory", line: "reserve_mem=4M:4096:trace",
      files: ["\(directory)/out/sub_fdts/memblock": ""],
      preserved: [.reservedMemory(name: "trace")]),
  ]

  @Test("Sessions, reserved memory and entries are listed as preserved state", arguments: signs)
  func listsPreservedState(row: Case) {
    var row = row
    row.line += row.line.hasPrefix("r") ? "" : " quiet"
    row.files["/dev/liveupdate"] = ""
    #expect(row.handover?.preserved == row.preserved)
    // If KHO is not active, nothing is preserved.
    row.files = row.files.filter { $0.key.hasPrefix("/proc") }
    #expect(row.handover == nil)
  }

  @Test(
    "The sizes of the next kernel's scratch areas are read from debugfs",
    arguments: [
      ("scratch_len", "0x1000000\n0x8000000\n", [16 << 20, 128 << 20]),
      ("bootmem_len", "4096\n", [4096]), ("scratch_len", "x\n", []), ("scratch_phys", "1\n", []),
    ] as [(String, String, [UInt64])])
  func readsScratchSizes(file: String, text: String, wanted: [UInt64]) {
    let handover = TemporaryTree(["\(Self.directory)/out/\(file)": text]).machine.handover
    #expect(handover?.scratchSizes == wanted)
  }
}

/// The running kernel's configuration.
@Suite struct RunningConfigurationTests {
  private static let version = ["/proc/version": "Linux version 7.2.1-x (x@y) #1"]

  @Test(
    "The running kernel's configuration is read from the file of its own release",
    arguments: [
      ("/boot/config-7.2.1-x", "CONFIG_A=y\n", true),
      ("/boot/config-7.2.1-x", "CONFIG_A=m\n", true),
      ("/lib/modules/7.2.1-x/config", "CONFIG_A=y", true),
      ("/boot/config-7.2.1", "CONFIG_A=y\n", nil),
      ("/boot/config-7.2.1-x", "# CONFIG_A is not set\n", false),
      ("/boot/config-7.2.1-x", "CONFIG_A=\"y\"\nCONFIG_AB=y\n#CONFIG_A=y\n", false),
      ("/boot/config-7.2.1-x", "", nil),
    ] as [(String, String, Bool?)])
  func readsConfigurationOfRelease(path: String, text: String, wanted: Bool?) {
    let tree = TemporaryTree(Self.version.merging([path: text]) { $1 })
    let found = withExtendedLifetime(tree) { RunningConfiguration(in: FileTree(root: tree.path)) }
    #expect(found.isSet("CONFIG_A") == wanted)
    #expect(found.path == (wanted == nil ? nil : path))
  }

  /// The kernel's own configuration has precedence over a file.
  @Test("/proc/config.gz takes precedence over a configuration file")
  func prefersCompressedConfiguration() throws {
    let packed = Compressor.gzip.compress(Array("CONFIG_A=y\n".utf8))
    let tree = TemporaryTree(bytes: [
      "/proc/config.gz": packed, "/boot/config-1": Array("CONFIG_B=y\n".utf8),
      "/proc/version": Array("Linux version 1 x".utf8),
    ])
    let found = withExtendedLifetime(tree) { RunningConfiguration(in: FileTree(root: tree.path)) }
    #expect(found.path == "/proc/config.gz")
    #expect(found.isSet("CONFIG_A") == true)
    #expect(found.isSet("CONFIG_B") == false)
  }
}
