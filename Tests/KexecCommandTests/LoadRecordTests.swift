import ByteCoding
import Glibc
import KexecABI
import TestSupport
import Testing

@testable import KexecCommand
@testable import KexecPlanning
@testable import LinuxSystem

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// The record that a load writes into /run, and how `-S` uses it.
  @Suite struct LoadRecordTests {
    private static func text(_ text: String) -> [UInt8]? { Array(text.utf8) }
    private static let ram = "0x1000-0x9ffff 0x100000-0x5ffdffff"
    private static let (normal, crash) = (
      LoadRecords.path(of: .reboot), LoadRecords.path(of: .crash)
    )
    private static let region: [String: [UInt8]?] = [
      "/proc/iomem": text("00100000-5ffdffff : System RAM\n  10000000-17ffffff : Crash kernel\n"),
      "/sys/kernel/kexec_crash_size": text("134217728\n"),
    ]

    private func exist(_ kernel: FakeKernel) -> [Bool] {
      [Self.normal, Self.crash].map(kernel.files.exists)
    }

    @Test("A load records its time, system call, files, command line and memory map")
    func aLoadIsRecorded() {
      let kernel = FakeKernel { $0.wallClock = 1_795_778_438_000_000_000 }
      #expect(kernel.run("-s -l @/vmlinuz --initrd=@/initrd --append=quiet") == .success)
      let place = kernel.tree.path
      #expect(
        kernel.record?.text
          == LoadRecord(
            time: 1_795_778_438, call: .file, release: "6.1.0-56-cloud-amd64",
            kernel: place + "/vmlinuz", initrds: [place + "/initrd"], commandLine: "quiet",
            memoryMap: Self.ram
          ).text)
      #expect(kernel.run("-l -c --stamp @/vmlinuz") == .success)
      #expect(kernel.record?.isStamped == true && kernel.record?.returns == false)
      #expect(kernel.record?.call == .segments && kernel.record?.initrds == [])
      #expect(kernel.run("--load-preserve-context @/vmlinuz") == .success)
      #expect(kernel.record?.isStamped == false && kernel.record?.returns == true)
      #expect(exist(kernel) == [true, false])
      #expect(kernel.run("-e") == .success)
    }

    @Test("A load record is read back as written, and text of another format is refused")
    func recordIsReadBackAsWritten() {
      let odd = String(lossless: [0x61, 0x0A, 0x5C, 0x6E, 0x20, 0xFF, 0x20])
      let record = LoadRecord(
        boot: "a-b", time: .max, call: .segments, release: nil, kernel: odd, initrds: [odd, "x"],
        commandLine: odd, memoryMap: nil, isStamped: true, returns: true)
      #expect(LoadRecord(record.text)?.text == record.text)
      #expect(LoadRecord(record.text)?.commandLine == odd)
      // Keys of later programs are ignored.
      #expect(LoadRecord(record.text + "colour blue\n")?.text == record.text)
      for other in ["", "\n", "x", "0x1000-0x9ffff", "kexec-load 2\nkernel /k\n", "kexec-load "] {
        #expect(LoadRecord(other) == nil)
      }
    }

    @Test("A load records no memory map when /proc/iomem hides its addresses")
    func hiddenMemoryMapIsNotRecorded() {
      let kernel = FakeKernel([
        "/proc/iomem": Self.text("00000000-00000000 : System RAM\n"),
        "/sys/firmware/memmap/0/start": Self.text("0x100000\n"),
        "/sys/firmware/memmap/0/end": Self.text("0x5fffffff\n"),
        "/sys/firmware/memmap/0/type": Self.text("System RAM\n"),
      ])
      #expect(kernel.run("-l -c @/vmlinuz") == .success, "\(kernel.errors)")
      #expect(kernel.record != nil && kernel.record?.memoryMap == nil)
    }

    @Test("A load succeeds when its record cannot be written to /run")
    func loadSucceedsWithoutARecord() {
      let kernel = FakeKernel(["/run/utmp": nil])
      #expect(kernel.run("-d -l @/vmlinuz") == .success)
      #expect(kernel.errors.contains("\(Self.normal) cannot be written"))
      #expect(kernel.run("-S -l") == .usage)
      #expect(
        kernel.output.contains("\nloaded kernel: unknown: there is no record of it, \(Self.normal)")
      )
    }

    @Test("A kernel and a crash kernel have separate records, which an unload removes")
    func eachKindOfKernelHasARecord() {
      let kernel = FakeKernel(Self.region)
      #expect(kernel.run("-l @/vmlinuz") == .success && kernel.run("-p @/vmlinuz") == .success)
      #expect(exist(kernel) == [true, true])
      #expect(kernel.run("-u -p") == .success)
      #expect(exist(kernel) == [true, false] && kernel.record != nil)
      #expect(kernel.run("-u") == .success)
      #expect(exist(kernel) == [false, false])
    }

    @Test("A failed unload keeps the record of the load")
    func failedUnloadKeepsTheRecord() {
      let kernel = FakeKernel([Self.normal: LoadRecord.bytes()]) {
        ($0.kexecLoad, $0.kexecFileLoad) = ([.busy], [.busy])
      }
      #expect(kernel.run("-u") == .failure)
      #expect(kernel.record != nil)
    }

    /// A refused load leaves the previous kernel loaded; a previous crash kernel only if the
    /// running kernel says that it is still loaded.
    @Test(
      "A refused crash kernel load keeps the old record only while that kernel is loaded",
      arguments: ["0", "1"])
    func refusedCrashLoadMayDropTheRecord(loaded: String) {
      let kernel = FakeKernel(
        Self.region.merging([
          Self.normal: LoadRecord.bytes(), Self.crash: LoadRecord.bytes(),
          "/sys/kernel/kexec_crash_loaded": Self.text(loaded),
        ]) { $1 }
      ) { ($0.kexecLoad, $0.kexecFileLoad) = ([.busy], [.busy]) }
      #expect(kernel.run("-l -c @/vmlinuz") == .failure)
      #expect(kernel.run("-p -s @/vmlinuz") == .failure)
      #expect(exist(kernel) == [true, loaded == "1"])
      let said = kernel.lostFileTexts
      #expect(said.count == 3 && said[1].contains("nothing was loaded or unloaded"), "\(said)")
      #expect(
        said.last?.contains(
          loaded == "1"
            ? "the previous crash kernel is still loaded\n" : "no crash kernel is loaded: ")
          == true, "\(said)")
    }

    // MARK: What -S prints

    private static let status = """
      kernel: loaded
      crash kernel: loaded
      loaded kernel: recorded by kexec at 1970-01-01T00:00:01Z; another program may have replaced it
        release       6.1.0
        file          /vmlinuz
        command line  quiet
        system call   kexec_load
      loaded crash kernel: unknown: there is no record of it, \(crash): another program has loaded \
      it, or /run cannot be written
      reserved for a crash kernel: 128 MiB at 0x10000000-0x17ffffff
      loading: allowed; 3 more loads of a kernel (kernel.kexec_load_limit_reboot); signed kernels \
      only (lockdown: integrity)

      """

    @Test(
      "-S and status print the recorded load, the reserved memory and the load limits",
      arguments: ["-S", "status"])
    func statusPrintsRecordRegionAndLimits(line: String) {
      let kernel = FakeKernel(
        Self.region.merging([
          Self.normal: LoadRecord.bytes(), "/sys/kernel/kexec_crash_loaded": Self.text("1\n"),
          "/proc/sys/kernel/kexec_load_disabled": Self.text("0\n"),
          "/proc/sys/kernel/kexec_load_limit_reboot": Self.text("3\n"),
          "/proc/sys/kernel/kexec_load_limit_panic": Self.text("-1\n"),
          "/sys/kernel/security/lockdown": Self.text("none [integrity]\n"),
        ]) { $1 })
      #expect(kernel.run(line) == (line == "-S" ? .usage : .success))
      #expect(kernel.output == Self.status)
      let json = FakeKernel([Self.normal: LoadRecord.bytes()])
      #expect(json.run("\(line) --json") == .success)
      for part in [
        "\"loadedAt\": \"1970-01-01T00:00:01Z\"", "\"systemCall\": \"kexec_load\"",
        "\"commandLine\": \"quiet\"", "\"loadedCrashKernel\": null", "\"loadDisabled\": null",
        "\"unknown\": null",
      ] {
        #expect(json.output.contains(part), "\(json.output)")
      }
    }

    /// A part of each case's JSON.
    private static let inJSON = [
      "no kernel of another boot": "\"systemCall\": null", "a later format": "\"systemCall\": null",
      "no record at all": "\"systemCall\": null", "nothing is loaded": "\"loaded\": false",
      "loading is switched off": "\"loadDisabled\": true",
      "that is not known": "\"loadDisabled\": null", "no size": "\"crashSize\": null",
      "addresses are hidden": "\"crashSize\": 4096", "no crash kernels": "\"crashLoaded\": null",
    ]

    /// The contents of the files, and lines of the output.
    @Test(
      "The status command reports what is switched off, missing or unknown",
      arguments: [
        (
          "no kernel of another boot",
          [
            normal: LoadRecord.bytes(),
            "/proc/sys/kernel/random/boot_id": text("f00d\n"),
          ], ["loaded kernel: unknown: there is no record of it"]
        ),
        (
          "a later format", [normal: text("kexec-load 7\nkernel /k\n")],
          ["loaded kernel: unknown: \(normal) has format 7, and this program knows 1"]
        ),
        (
          "no record at all", [normal: text("?\n")],
          ["loaded kernel: unknown: \(normal) has format ?"]
        ),
        (
          "nothing is loaded", ["/sys/kernel/kexec_loaded": text("0\n")],
          ["kernel: not loaded", "crash kernel: not loaded; no memory is reserved"]
        ),
        (
          "loading is switched off", ["/proc/sys/kernel/kexec_load_disabled": text("1\n")],
          ["loading: switched off until the next boot"]
        ),
        ("that is not known", [:], ["loading: unknown: /proc/sys/kernel/kexec_load_disabled"]),
        (
          "no size", ["/sys/kernel/kexec_crash_size": nil],
          [
            "crash kernel: not loaded; whether memory is reserved is unknown",
            "reserved for a crash kernel: unknown",
          ]
        ),
        (
          "addresses are hidden",
          [
            "/proc/iomem": text("00000000-00000000 : System RAM\n"),
            "/sys/kernel/kexec_crash_size": text("4096\n"),
          ], ["reserved for a crash kernel: 4 KiB"]
        ),
        (
          "no crash kernels", ["/sys/kernel/kexec_crash_loaded": nil],
          ["crash kernel: not supported: the running kernel was built without CONFIG_CRASH_DUMP"]
        ),
      ] as [(String, [String: [UInt8]?], [String])])
    func statusReportsUnknownState(
      name: String, files: [String: [UInt8]?], wanted: [String]
    ) throws {
      let kernel = FakeKernel(files)
      #expect(kernel.run("status") == .success)
      let lines = kernel.output.split(separator: "\n")
      for line in wanted {
        #expect(lines.contains { $0.hasPrefix(line) }, "\(name): \(kernel.output)")
      }
      let json = FakeKernel(files)
      #expect(json.run("status --json") == .success)
      #expect(json.output.contains(try #require(Self.inJSON[name])), "\(name): \(json.output)")
    }

    /// Without securityfs the kernel may be locked down, and it cannot be seen.
    @Test("The status command reports lockdown as unknown when securityfs is not mounted")
    func statusReportsUnknownLockdown() throws {
      let files = ["/proc/sys/kernel/kexec_load_disabled": Self.text("0\n")]
      let (told, kernel) = (FakeKernel(files), FakeKernel(files))
      #expect(told.run("status") == .success)
      #expect(told.output.hasSuffix("\nloading: allowed\n"), "\(told.output)")
      let directory = kernel.tree.path + "/sys/kernel/security"
      try #require(unsafe mkdir(directory, 0o755) == 0)
      defer { unsafe rmdir(directory) }
      #expect(kernel.run("status") == .success)
      #expect(
        kernel.output.hasSuffix(
          "\nloading: allowed; unknown whether only signed kernels (securityfs is not mounted)\n"))
    }

    /// Another program unloaded it: the record must not be used for a kernel that is loaded later.
    @Test("-S removes the records of kernels that are no longer loaded")
    func statusRemovesStaleRecords() {
      let kernel = FakeKernel([
        Self.normal: LoadRecord.bytes(), Self.crash: LoadRecord.bytes(),
        "/sys/kernel/kexec_loaded": Self.text("0\n"),
      ])
      #expect(kernel.run("-S --dry-run --machine=@") == .success)
      #expect(exist(kernel) == [true, true])
      #expect(kernel.run("-S") == .success)
      #expect(exist(kernel) == [false, false])
      #expect(!kernel.output.contains("recorded"))
    }

    @Test("-S for another machine reads that machine's records, and a load there is refused")
    func statusReadsRecordsOfOtherMachine() {
      let kernel = FakeKernel([
        Self.normal: LoadRecord.bytes(), "/m/proc/x": [],
        "/m/sys/kernel/kexec_loaded": Self.text("1\n"), "/m\(Self.crash)": LoadRecord.bytes(),
        "/m/sys/kernel/kexec_crash_loaded": Self.text("1\n"),
      ])
      #expect(kernel.run("-S --machine=@/m") == .usage)
      #expect(kernel.output.contains("\nloaded kernel: unknown: "))
      #expect(kernel.output.contains("\nloaded crash kernel: recorded by kexec at"))
      #expect(kernel.run("-l @/vmlinuz --machine=@/m") == .usage)
      #expect(kernel.calls == [])
    }

    @Test(
      "Seconds since 1970 are written as a UTC date and time, with leap days counted",
      arguments: [
        (0, "1970-01-01T00:00:00Z"), (951_782_399, "2000-02-28T23:59:59Z"),
        (951_782_400, "2000-02-29T00:00:00Z"), (951_868_800, "2000-03-01T00:00:00Z"),
        (1_795_778_438, "2026-11-27T11:20:38Z"), (4_107_542_399, "2100-02-28T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"), (1_735_689_599, "2024-12-31T23:59:59Z"),
      ] as [(UInt64, String)])
    func timesAreInUTC(seconds: UInt64, wanted: String) {
      #expect(timeText(seconds) == wanted)
    }

    // MARK: -u with only another kind loaded

    @Test(
      "An unload warns when only the other kind of kernel is loaded",
      arguments: [
        ("-u", "0", "1", "no kernel is loaded, only a crash kernel, which kexec -u -p unloads"),
        ("-u -p", "1", "0", "no crash kernel is loaded, only a kernel, which kexec -u unloads"),
        ("-u", "1", "1", ""), ("-u", "0", "0", ""), ("-u -p", "0", "0", ""),
        ("-u -p", "1", "1", ""),
        ("-u --dry-run", "0", "1", "no kernel is loaded, only a crash kernel"),
      ])
    func unloadWarnsOfOtherKind(line: String, loaded: String, crashLoaded: String, wanted: String) {
      let kernel = FakeKernel([
        "/sys/kernel/kexec_loaded": Self.text(loaded),
        "/sys/kernel/kexec_crash_loaded": Self.text(crashLoaded),
        "/sys/kernel/kexec_crash_size": Self.text("268435456\n"),
      ])
      #expect(kernel.run(line) == .success)
      #expect(
        wanted.isEmpty
          ? kernel.errors == "" : kernel.errors.hasPrefix("kexec: warning: " + wanted),
        "\(kernel.errors)")
    }
  }
}
