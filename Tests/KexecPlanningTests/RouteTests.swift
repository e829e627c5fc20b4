import KexecABI
import ByteCoding
import CrashDumps
import ELFFormat
import KernelImages
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

@Suite struct RouteTests {
  /// The options, and the routes that are tried.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var lockdown: String?
    /// boot_params.secure_boot: 0 unknown, 1 not supported, 2 off, 3 on; nil without boot_params.
    var secureBoot: UInt8?
    var hasPayload = false
    let change: @Sendable (inout LoadRequest) -> Void
    let wanted: [Route]

    init(
      _ name: String, lockdown: String? = nil, secureBoot: UInt8? = nil, hasPayload: Bool = false,
      _ wanted: [Route],
      _ change: @escaping @Sendable (inout LoadRequest) -> Void = { _ in }
    ) {
      self.testDescription = name
      self.lockdown = lockdown
      self.secureBoot = secureBoot
      self.hasPayload = hasPayload
      self.wanted = wanted
      self.change = change
    }
  }

  /// We cannot unpack a kernel without a payload, so kexec_file_load is as good.
  private static let both = [Route(.file, .preferred), Route(.segments, .fileCallRefused)]
  private static let fast = [Route(.segments, .jumpsFaster), Route(.file, .segmentsRefused)]
  private static let signed = [Route(.file, .policy), Route(.segments, .fileCallRefused)]

  static let cases: [Case] = [
    Case("nothing", both),
    Case("-s", [Route(.file, .asked)]) { $0.options.call = .file },
    Case("-c", [Route(.segments, .asked)]) { $0.options.call = .segments },
    Case("-c under lockdown", lockdown: "integrity", [Route(.segments, .asked)]) {
      $0.options.call = .segments
    },
    Case("-s with options", [Route(.file, .asked)]) {
      $0.options.call = .file
      $0.options.digest = .none
    },
    Case("-p", both) { $0.options.purpose = .crash },
    Case("-p under lockdown", lockdown: "integrity", signed) { $0.options.purpose = .crash },
    Case("-p -c", [Route(.segments, .asked)]) {
      ($0.options.purpose, $0.options.call) = (.crash, .segments)
    },
    Case("-p --no-checks", [Route(.segments, .needed(by: ["--no-checks"]))]) {
      ($0.options.purpose, $0.options.digest) = (.crash, .none)
    },
    // kexec_file_load makes headers of 64 bits, and updates them after hotplug itself.
    Case("-p --elf64-core-headers --hotplug", both) {
      ($0.options.purpose, $0.options.coreHeaderWidth, $0.options.followsHotplug) = (
        .crash, .bits64, true
      )
    },
    Case("-p --elf32-core-headers", [Route(.segments, .needed(by: ["--elf32-core-headers"]))]) {
      ($0.options.purpose, $0.options.coreHeaderWidth) = (.crash, .bits32)
    },
    Case("-p --pass-memmap-cmdline", [Route(.segments, .needed(by: ["--pass-memmap-cmdline"]))]) {
      ($0.options.purpose, $0.options.passesMemoryMap) = (.crash, true)
    },
    Case("-p --pass-memmap-cmdline under lockdown", lockdown: "integrity", signed) {
      ($0.options.purpose, $0.options.passesMemoryMap) = (.crash, true)
    },
    Case("-l with options for -p", both) {
      ($0.options.coreHeaderWidth, $0.options.passesMemoryMap, $0.options.followsHotplug) = (
        .bits32, true, true
      )
    },
    Case("-p, 2017 characters", [Route(.segments, .commandLineTooLongForFileCall)]) {
      ($0.options.purpose, $0.options.commandLine) = (.crash, String(repeating: "x", count: 2017))
    },
    Case("--no-checks", [Route(.segments, .needed(by: ["--no-checks"]))]) {
      $0.options.digest = .none
    },
    Case("--digest=sha256", [Route(.segments, .needed(by: ["--digest"]))]) {
      $0.options.digest = .sha256
    },
    Case("--noefi", [Route(.segments, .needed(by: ["--noefi"]))]) {
      $0.options.handsOverEFI = false
    },
    Case("--serial", [Route(.segments, .needed(by: ["--serial"]))]) {
      $0.options.serial = "ttyS1"
    },
    Case("--console-serial", [Route(.segments, .needed(by: ["--console-serial"]))]) {
      $0.options.greetsOnSerial = true
    },
    Case("--mem-min", [Route(.segments, .needed(by: ["--mem-min"]))]) {
      $0.options.memoryBounds = PhysicalRange(start: PhysicalAddress(1), end: PhysicalAddress(.max))
    },
    Case("--mem-max", [Route(.segments, .needed(by: ["--mem-max"]))]) {
      $0.options.memoryBounds = PhysicalRange(
        start: PhysicalAddress(0), end: PhysicalAddress(1 << 32))
    },
    Case("two of them", [Route(.segments, .needed(by: ["--no-checks", "--noefi"]))]) {
      $0.options.digest = .none
      $0.options.handsOverEFI = false
    },
    // Lockdown forbids kexec_load, so options cannot choose it.
    Case("--noefi under lockdown", lockdown: "integrity", signed) {
      $0.options.handsOverEFI = false
    },
    Case("a long line under lockdown", lockdown: "confidentiality", signed) {
      $0.options.commandLine = String(repeating: "x", count: 2017)
    },
    // If we can unpack the kernel, kexec_load is used, because it jumps faster.
    Case("a payload", hasPayload: true, fast),
    Case("a payload, --no-fast", hasPayload: true, both) { $0.options.isFast = false },
    Case("a payload, -s", hasPayload: true, [Route(.file, .asked)]) { $0.options.call = .file },
    Case("a payload, -p", hasPayload: true, both) { $0.options.purpose = .crash },
    Case(
      "a payload, --no-checks", hasPayload: true,
      [
        Route(.segments, .needed(by: ["--no-checks"]))
      ]
    ) { $0.options.digest = .none },
    Case("a payload, lockdown", lockdown: "integrity", hasPayload: true, signed),
    Case("a payload, no Secure Boot", secureBoot: 1, hasPayload: true, fast),
    Case("a payload, Secure Boot off", secureBoot: 2, hasPayload: true, fast),
    Case("a payload, Secure Boot on", secureBoot: 3, hasPayload: true, signed),
    Case("Secure Boot on", secureBoot: 3, signed),
    // kexec_file_load reserves 31 of the 2047 bytes.
    Case("2016 characters", both) { $0.options.commandLine = String(repeating: "x", count: 2016) },
    Case("2017 characters", [Route(.segments, .commandLineTooLongForFileCall)]) {
      $0.options.commandLine = String(repeating: "x", count: 2017)
    },
    Case("1009 two-byte characters", [Route(.segments, .commandLineTooLongForFileCall)]) {
      $0.options.commandLine = String(repeating: "é", count: 1009)
    },
  ]

  @Test(
    "Options, lockdown, Secure Boot and the payload decide which system calls are tried",
    arguments: cases)
  func choosesSystemCallsToTry(of row: Case) throws {
    let kernel = BzImageBuilder { $0.payload = row.hasPayload ? [1, 2, 3, 4, 5] : [] }.file
    var request = LoadRequest(kernel: .init(path: "k", bytes: kernel))
    row.change(&request)
    let lockdown = row.lockdown.map { "none [\($0)]\n" } ?? "[none] integrity\n"
    var machine = TemporaryTree(["/sys/kernel/security/lockdown": lockdown]).machine
    machine.bootParameters = row.secureBoot.map { secureBoot in
      var bytes = [UInt8](repeating: 0, count: 4096)
      bytes[0x1EC] = secureBoot
      return bytes
    }
    let found = TestSupport.routes(for: request, on: machine, image: try .open(kernel))
    #expect(found == row.wanted)
  }
}

/// kexec_file_load enters kernels in 64-bit mode only.
@Suite struct RoutesWithout64BitEntryTests {
  @Test(
    "A kernel without a 64-bit entry is loaded by kexec_load only",
    arguments: [nil, "integrity"] as [String?], [LoadOptions.Purpose.reboot, .crash])
  func skipsFileLoadWithout64BitEntry(lockdown: String?, purpose: LoadOptions.Purpose) throws {
    let kernel = BzImageBuilder { $0.xloadflags = 0 }.file
    var request = LoadRequest(kernel: .init(path: "k", bytes: kernel))
    request.options.purpose = purpose
    let machine = TemporaryTree([
      "/sys/kernel/security/lockdown": lockdown.map { "none [\($0)]\n" } ?? "[none] integrity\n"
    ]).machine
    let image = try KernelImage.open(kernel)
    #expect(routes(for: request, on: machine, image: image) == [Route(.segments, .imageType)])
    #expect(throws: PlanningError.notByFileCall(.bzImage)) {
      try plan(request, by: Route(.file, .asked), on: machine, image: image)
    }
  }
}

@Suite struct FinalCommandLineTests {
  private static let running =
    #"BOOT_IMAGE=/boot/vmlinuz root=/dev/sda1  crashkernel=256M dyndbg="file x +p" pci=a pci=b kexec_jump_back_entry=0x1000"#

  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var line: String?
    var appended: [String] = []
    var isReused = false
    var isCrash = false
    let wanted: String
  }

  /// "final line = base, then every --append in order, one space between"
  static let cases: [Case] = [
    Case(testDescription: "nothing", wanted: ""),
    Case(testDescription: "--command-line", line: "a b", wanted: "a b"),
    Case(testDescription: "an empty --command-line", line: "", wanted: ""),
    Case(testDescription: "--append alone", appended: ["x", "y z"], wanted: "x y z"),
    Case(testDescription: "both", line: "a", appended: ["x", "y"], wanted: "a x y"),
    Case(testDescription: "an empty --append", line: "a", appended: ["", "y"], wanted: "a y"),
    Case(
      testDescription: "--reuse-cmdline", isReused: true,
      wanted: #"root=/dev/sda1  crashkernel=256M dyndbg="file x +p" pci=a pci=b"#),
    Case(
      testDescription: "--reuse-cmdline and --append", appended: ["quiet"], isReused: true,
      wanted: #"root=/dev/sda1  crashkernel=256M dyndbg="file x +p" pci=a pci=b quiet"#),
    Case(
      testDescription: "--reuse-cmdline for a crash kernel", isReused: true, isCrash: true,
      wanted: #"root=/dev/sda1  dyndbg="file x +p" pci=a pci=b"#),
    Case(
      testDescription: "--command-line wins over --reuse-cmdline", line: "a", appended: ["x"],
      isReused: true, wanted: "a x"),
    Case(
      testDescription: "a line of the user's is never changed", line: "BOOT_IMAGE=x crashkernel=1M",
      isCrash: true, wanted: "BOOT_IMAGE=x crashkernel=1M"),
    Case(
      testDescription: "--append goes to the kernel", line: "root=x -- single",
      appended: ["crashkernel=256M", "quiet"], wanted: "root=x crashkernel=256M quiet -- single"),
  ]

  @Test(
    "The final command line is the base line followed by each --append in order",
    arguments: cases)
  func composesFinalCommandLine(row: Case) {
    var request = LoadRequest(kernel: .init(path: "k", bytes: SharedBytes([])))
    request.options.commandLine = row.line
    request.options.appended = row.appended
    request.options.reusesCommandLine = row.isReused
    request.options.purpose = row.isCrash ? .crash : .reboot
    #expect(request.finalCommandLine(on: machine(running: Self.running)) == row.wanted)
  }

  /// The running command line must be kept byte for byte: measurements depend on it.
  @Test(
    "--reuse-cmdline keeps the running command line byte for byte except for loader parameters",
    arguments: [
      ("BOOT_IMAGE=/v root=x ro splash  ", [], "root=x ro splash  "),
      ("BOOT_IMAGE=/v root=x ro splash  ", ["w"], "root=x ro splash   w"),
      ("  root=x\t ro", [], "  root=x\t ro"),
      ("root=x ro -- 3  ", ["w", "x"], "root=x ro w x -- 3  "),
      ("root=x ro kexec_stamps=1,2,3,4 -- 3", [], "root=x ro -- 3"),
      ("elfcorehdr=0x1 root=x ", ["w"], "root=x  w"), ("BOOT_IMAGE=/v", ["w"], "w"),
    ] as [(String, [String], String)])
  func reusesRunningLineByteForByte(running: String, appended: [String], wanted: String) {
    var request = LoadRequest(kernel: .init(path: "k", bytes: SharedBytes([])))
    (request.options.reusesCommandLine, request.options.appended) = (true, appended)
    #expect(request.finalCommandLine(on: machine(running: running + "\n")) == wanted)
  }

  /// Parameters that we add are for the kernel, even if the line has parameters for init.
  @Test("Parameters that kexec adds stand before -- on the command line")
  func addsOwnParametersBeforeDoubleDash() throws {
    var request = LoadRequest(kernel: .init(path: "k", bytes: SharedBytes([])))
    (request.options.commandLine, request.options.isStamped) = ("root=x -- single", true)
    (request.options.reusesConsole, request.options.preservesModules) = (true, true)
    request.stamps = TimeStamps(loaded: 1, wallClock: 2)
    var machine = machine(running: "console=ttyS1,9600 earlycon")
    machine.modules = LoadedModules([LoadedModule(name: "dummy")])
    let line = request.preservingModules(
      of: machine, in: request.finalCommandLine(on: machine), limit: 2047
    ).line
    let words = KernelCommandLine(line)
    for name in ["modules_load", "console", "earlycon", "kexec_stamps", "root"] {
      #expect(words.value(of: name) != nil, "\(name) in \(line)")
    }
    #expect(line.hasSuffix(" -- single"))
    // A crash kernel by kexec_load.
    var crashed = guest()
    crashed.ioMemory = IOMemory(
      text:
        "00001000-0009fbff : System RAM\n00100000-5ffdffff : System RAM\n  4e000000-5dffffff : Crash kernel"
    )
    var parameters = [UInt8](repeating: 0, count: 4096)
    parameters.store(UInt64(0xF_59D0), as: Field<UInt64>(0x70))
    crashed.bootParameters = parameters
    let crash = try planned(by: .segments, on: crashed) {
      ($0.options.purpose, $0.options.commandLine) = (.crash, "root=x -- single")
      $0.options.passesMemoryMap = true
    }.commandLine
    for name in ["elfcorehdr", "memmap", "acpi_rsdp"] {
      #expect(KernelCommandLine(crash).value(of: name) != nil, "\(name) in \(crash)")
    }
    #expect(crash.hasSuffix(" -- single"))
  }

  /// Characters that look like a quote or a space, and substitutions that the shell has not made.
  @Test(
    "Typographic quotes, spaces and dashes and unexpanded shell substitutions are noted",
    arguments: [
      ("quiet", []), ("name=Zürich–West", []), ("a=x—y", []), ("a=日本", []),
      ("\u{201C}quiet splash\u{201D}", [0x201C]), ("dyndbg=\u{2018}file x +p\u{2019}", [0x2018]),
      ("root=/dev/vda1\u{A0}ro", [0xA0]), ("ro \u{2013}quiet", [0x2013]), ("\u{FEFF}ro", [0xFEFF]),
      ("$(cat /proc/cmdline) quiet", [0]), ("`cat /proc/cmdline`", [0]), ("memmap=79G$82G", []),
      ("\u{201C}$(cat /proc/cmdline)\u{201D}", [0x201C, 0]),
    ] as [(String, [UInt32])])
  func notesPastedCharacters(words: String, wanted: [UInt32]) {
    for isAppended in [false, true] {
      var request = LoadRequest(kernel: .init(path: "k", bytes: SharedBytes([])))
      if isAppended {
        request.options.appended = [words]
      } else {
        request.options.commandLine = words
      }
      let option = isAppended ? "--append" : "--command-line"
      let notes: [PlanNote] = wanted.compactMap { code in
        guard let scalar = Unicode.Scalar(code), code != 0 else { return .notReplaced(in: option) }
        return PastedCharacter(scalar).map { .pastedCharacter($0, in: option) }
      }
      #expect(request.notesOnGivenWords == notes)
    }
  }

  @Test(
    "initrd= file names for the boot loader are noted when the command line is reused",
    arguments: [
      (#"initrd=\initramfs.img quiet"#, [#"initrd=\initramfs.img"#]),
      ("initrd=/boot/a initrd=/boot/b", ["initrd=/boot/a", "initrd=/boot/b"]),
      ("initrd=0x1000000,4096", []),  // an address, which the kernel itself reads
      ("noinitrd", []),
    ])
  func notesReusedInitrdParameters(running: String, wanted: [String]) {
    var request = LoadRequest(kernel: .init(path: "k", bytes: SharedBytes([])))
    #expect(request.loaderWords(running: .init(running)).isEmpty)
    request.options.reusesCommandLine = true
    #expect(request.loaderWords(running: .init(running)) == wanted.map(PlanNote.loaderWordKept))
  }
}
