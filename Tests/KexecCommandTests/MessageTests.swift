import KexecABI
import ByteCoding
import Compression
import KernelImages
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecCommand
@testable import KexecPlanning
@testable import LinuxSystem

@Suite struct MessageTests {
  private static let space = PlanningError.NoRoom(
    role: .initrd(1), byteCount: 0x337_8000, alignment: 4096,
    bounds: PhysicalRange(start: PhysicalAddress(16 << 20), end: PhysicalAddress(1 << 32)),
    largestHole: PhysicalRange(start: PhysicalAddress(16 << 20), byteCount: 5 << 20))

  static let planningErrors: [(PlanningError, String, String?)] = [
    (
      .commandLineTooLong(length: 3000, limit: 2047),
      "the command line is too long: 3000 bytes, but the new kernel accepts at most 2047", nil
    ),
    (
      .commandLineHasNUL(offset: 7),
      "the command line has a zero byte at offset 7: the kernel would end the line there", nil
    ),
    (
      .noRoom(space),
      "no free memory for the initrd 2: it needs 51.4 MiB in 0x1000000-0xffffffff, and the largest free "
        + "range there has 5 MiB", "51.4 MiB in one range would be enough"
    ),
    (
      .noMemoryMap,
      "no memory map: /proc/iomem lists no System RAM, and /sys/firmware/memmap is missing", nil
    ),
    (
      .noCrashRegion, "no memory is reserved for a crash kernel",
      "boot the running kernel with crashkernel=256M (or more) on its command line"
    ),
    (
      .fiveLevelPaging,
      "\"vmlinuz\": the new kernel cannot start from 5-level page tables: kexec_file_load would "
        + "enter it in 64-bit mode and reset the machine",
      "use kexec_load (-c), which can enter it in 32-bit mode"
    ),
    (
      .fiveLevelPagingNoRoom(space),
      "no free memory for the initrd 2: it needs 51.4 MiB in 0x1000000-0xffffffff, and the largest free "
        + "range there has 5 MiB; with 5-level page tables in use, the kernel must be entered in 32-bit mode",
      "boot the running kernel with no5lvl"
    ),
    (
      .protocolTooOld("2.01"),
      "\"vmlinuz\": boot protocol 2.01 is too old: at least 2.02 is needed", nil
    ),
    (
      .crashRegionHidden,
      "/proc/iomem hides the address of the memory that is reserved for a crash kernel",
      "run this as root"
    ),
    (
      .memoryBeyondELF32(end: PhysicalAddress(0x1_4000_0000)),
      "--elf32-core-headers: memory ends at 0x140000000, but 32-bit headers reach only to 0x100000000",
      "omit the option: every 64-bit kernel reads 64-bit headers"
    ),
    (
      .tooManyRanges(70_000),
      "there are 70000 ranges of memory, too many for the program headers of elfcorehdr", nil
    ),
    (
      .notByFileCall(.multiboot),
      "\"vmlinuz\": kexec_file_load cannot load a file of type multiboot-x86",
      "omit -s: kexec_load can load it"
    ),
    (
      .initrdForOther, "\"vmlinuz\": only a Linux kernel takes an initrd",
      "a multiboot kernel takes files as --module=\"FILE ARGS\""
    ),
    (
      .modulesForOther, "\"vmlinuz\": only a multiboot kernel takes modules",
      "a Linux kernel takes an initrd: --initrd=FILE"
    ),
    (
      .invalid(.tooManySegments(17)),
      "the plan violates a rule of kexec_load: there are 17 segments, but the limit is 16: give fewer files",
      nil
    ),
    (
      .invalid(.moreThanHalfOfRAM(segments: 3 << 30, ram: 5 << 30)),
      "the plan violates a rule of kexec_load: the segments take 3 GiB, more than half of the RAM "
        + "(5 GiB)", nil
    ),
    (
      .invalid(.overlap(.kernel, .bootBlock)),
      "the plan violates a rule of kexec_load: the kernel and the boot_params overlap", nil
    ),
  ]

  @Test(
    "A planning error gives the expected message, advice and exit code",
    arguments: planningErrors)
  func explainsPlanningErrors(error: PlanningError, message: String, advice: String?) {
    let request = LoadRequest(kernel: .init(path: "vmlinuz", bytes: SharedBytes([])))
    let machine = TemporaryTree(["/proc/iomem": "000a0000-000bffff : PCI Bus 0000:00\n"]).machine
    let found = CommandError(error, request: request, machine: machine, after: nil)
    #expect(found.message == message)
    #expect(found.advice == advice)
    #expect(found.exitCode == (error == .noCrashRegion ? .noCrashRegion : .failure))
    expectOneLineAndAdvice(found)
  }

  /// The running kernel drops the old crash kernel early, so the error says whether it is still
  /// loaded.
  @Test(
    "An error of a crash kernel load tells whether the old crash kernel is still loaded",
    arguments: [
      ("1", false, "; the previous crash kernel is still loaded"), ("0", false, ""),
      ("", false, ""),
      ("1", true, "; the previous crash kernel is still loaded"),
      ("0", true, "; no crash kernel is loaded"),
    ])
  func errorTellsFateOfOldCrashKernel(loaded: String, isRefused: Bool, end: String) {
    var request = LoadRequest(kernel: .init(path: "vmlinuz", bytes: SharedBytes([])))
    request.options.purpose = .crash
    let machine = TemporaryTree(["/sys/kernel/kexec_crash_loaded": loaded]).machine
    let refusal =
      isRefused ? KexecCallError(call: .file, errno: .notExecutable) : nil
    let found = CommandError(.fiveLevelPaging, request: request, machine: machine, after: refusal)
    let start =
      "\"vmlinuz\": the new kernel cannot start from 5-level page tables: kexec_file_load would "
      + "enter it in 64-bit mode and reset the machine"
      + (isRefused ? " (before that, kexec_file_load failed: Exec format error (ENOEXEC))" : "")
    #expect(found.message == start + end)
    request.options.purpose = .reboot
    let other = CommandError(.fiveLevelPaging, request: request, machine: machine, after: refusal)
    #expect(other.message == start)
  }

  @Test("The error for a crash region that is too small advises a larger crashkernel value")
  func advisesALargerCrashRegion() {
    var request = LoadRequest(kernel: .init(path: "vmlinuz", bytes: SharedBytes([])))
    request.options.purpose = .crash
    let machine = TemporaryTree([:]).machine
    let found = CommandError(.noRoom(Self.space), request: request, machine: machine, after: nil)
    #expect(
      found.advice == "reserve more: boot the running kernel with crashkernel=128M")
    expectOneLineAndAdvice(found)
  }

  @Test("The error for a crashkernel value that reserved nothing points to dmesg")
  func explainsEmptyReservation() {
    let request = LoadRequest(kernel: .init(path: "vmlinuz", bytes: SharedBytes([])))
    let machine = TemporaryTree(["/proc/cmdline": "quiet crashkernel=64G"]).machine
    let found = CommandError(.noCrashRegion, request: request, machine: machine, after: nil)
    #expect(
      found.advice
        == "crashkernel=64G reserved no memory, or the memory was freed: dmesg may tell why")
  }

  @Test("The error for hidden addresses in /proc/iomem advises running as root")
  func hiddenAddressesNeedRoot() {
    let request = LoadRequest(kernel: .init(path: "vmlinuz", bytes: SharedBytes([])))
    var machine = TemporaryTree([:]).machine
    machine.ioMemory = IOMemory(text: "00000000-00000000 : System RAM")
    let found = CommandError(.noMemoryMap, request: request, machine: machine, after: nil)
    #expect(found.message.contains("/proc/iomem hides its addresses"))
    #expect(found.advice == "run this as root")
  }

  @Test(
    "An image error names the file and describes what is wrong with it",
    arguments: [
      (
        .truncated(missing: .protectedModePart, needs: 100, has: 50),
        "\"k\": truncated: the protected-mode part ends at byte 100, but the file has only 50"
      ),
      (
        .unrecognised(firstBytes: [0x00, 0x7F, 0xFF]),
        "\"k\": not a known kernel format: it starts with 00 7f ff and has no setup header (HdrS at "
          + "offset 0x202)"
      ),
      (.unsupported(.cpio), "\"k\": not a kernel but a cpio archive, such as an initrd"),
      (
        .repeated(section: ".initrd", offset: 0x1A0),
        "\"k\": section .initrd appears a second time, at offset 0x1a0"
      ),
      (
        .inside(section: ".linux", offset: 0x400, .unsupported(.compressed(.gzip))),
        "\"k\", section .linux at 0x400: data compressed by gzip: not supported"
      ),
      (
        .badField(name: "kernel_alignment", offset: 0x230, found: 3, wanted: .powerOfTwo),
        "\"k\": kernel_alignment at offset 0x230 is 0x3, not a power of two"
      ),
      (.otherType(wanted: .uki, found: .elf64), "\"k\": not of type uki, but elf-x86_64"),
      (
        .notUnpacked(.tooLarge(limit: 1 << 30), streamOffset: 0),
        "\"k\": cannot be decompressed: it decompresses to more than 1 GiB, which is the limit (half of the free "
          + "memory, at most 4 GiB)"
      ),
      (
        .notUnpacked(.corrupt(.xz, inputOffset: 5), streamOffset: 100),
        "\"k\": cannot be decompressed: the xz stream is damaged at byte 105"
      ),
      (
        .badPart(.overlap, index: 2, offset: 0xB0, found: 0x100000),
        "\"k\": program header 2 at offset 0xb0 has 0x100000: it overlaps the part below it"
      ),
    ] as [(ImageError, String)])
  func explainsImageErrors(error: ImageError, message: String) {
    let found = CommandError(error, path: "k")
    #expect(found.message == message)
    #expect(found.exitCode == .failure)
    expectOneLineAndAdvice(found)
  }

  @Test(
    "The refusal of each sampled image kind is one line and at most one line of advice",
    arguments: everyKnownImage)
  func imageRefusalIsOneLine(kind: KnownImage) {
    expectOneLineAndAdvice(CommandError(.unsupported(kind), path: "k"))
  }

  @Test("Each sampled image kind is described in different words")
  func imageKindsHaveDifferentTexts() {
    #expect(Set(everyKnownImage.map(\.text)).count == everyKnownImage.count)
  }

  @Test(
    "A file error gives the name of the file and the reason",
    arguments: [
      (.errno(.noSuchFile), "\"p\": No such file or directory"),
      (.directory, "\"p\": it is a directory, not a file"), (.empty, "\"p\": the file is empty"),
      (.notRegular, "\"p\": it is not a file, a block device or a pipe"),
    ] as [(FileError.Reason, String)])
  func explainsFileErrors(reason: FileError.Reason, message: String) {
    let found = CommandError(FileError("p", reason))
    #expect(found.message == message)
    #expect(found.exitCode == .failure)
    expectOneLineAndAdvice(found)
  }

  /// The causes of EPERM, the strongest one first.
  @Test(
    "The strongest reason against a load is found for each purpose",
    arguments: [
      ([:], .reboot, nil),
      (["/proc/self/status": "CapEff:\t0\n"], .reboot, "kexec needs CAP_SYS_BOOT: run it as root"),
      (
        ["/proc/self/uid_map": "0 1000 1\n", "/proc/self/status": "CapEff:\t0\n"], .reboot,
        "this is a container: only the host may use kexec"
      ),
      (
        ["/proc/sys/kernel/kexec_load_disabled": "1\n"], .crash,
        "kernel.kexec_load_disabled is 1 until the next reboot"
      ),
      (
        ["/proc/sys/kernel/kexec_load_limit_reboot": "0\n"], .reboot,
        "kernel.kexec_load_limit_reboot allows no more loads"
      ),
      (["/proc/sys/kernel/kexec_load_limit_reboot": "0\n"], .crash, nil),
      (
        ["/proc/sys/kernel/kexec_load_limit_panic": "0\n"], .crash,
        "kernel.kexec_load_limit_panic allows no more loads"
      ),
      (
        ["/sys/kernel/security/lockdown": "none [integrity] confidentiality\n"], .reboot,
        "lockdown (integrity) allows only signed kernels, "
          + "loaded by kexec_file_load (-s)"
      ),
    ] as [([String: String], LoadOptions.Purpose, String?)])
  func findsObstacle(files: [String: String], purpose: LoadOptions.Purpose, wanted: String?) {
    #expect(TemporaryTree(files).machine.kexec.obstacle(for: purpose) == wanted)
  }

  @Test("An error shows the kernel log and the advice indented below its message")
  func kernelLogAndAdviceAreIndented() {
    var error = CommandError(.noMachine, "what: why", advice: "do this")
    error.kernelLog = ["a", "b"]
    #expect(error.text == "kexec: what: why\n  kernel log: a\n  kernel log: b\n  do this\n")
    #expect(CommandError.usage("no").text == "kexec: no\n  kexec --help lists the options\n")
  }

  private func expectOneLineAndAdvice(_ error: CommandError) {
    let lines = error.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == (error.advice == nil ? 2 : 3))
    #expect(lines.first?.hasPrefix("kexec: ") == true)
    if error.advice != nil { #expect(lines[1].hasPrefix("  ")) }
    #expect(lines.last == "")
  }
}

@Suite struct ByteTextTests {
  @Test(
    "A byte count is written in the largest unit that fits, with at most one decimal",
    arguments: [
      (0, "0 bytes"), (1, "1 byte"), (1023, "1023 bytes"), (1024, "1 KiB"), (1536, "1.5 KiB"),
      (0x337_8000, "51.4 MiB"), (1 << 30, "1 GiB"), (.max, "16777215.9 TiB"),
    ] as [(UInt64, String)])
  func writesByteCountsWithUnits(count: UInt64, text: String) {
    #expect(byteText(count) == text)
  }
}

@Suite struct JSONTests {
  @Test(
    "A JSON value is written with the right escapes and indentation",
    arguments: [
      (.null, "null"), (.bool(true), "true"), (.number(.max), "18446744073709551615"),
      (.string(""), "\"\""), (.array([]), "[]"), (.object([]), "{}"),
      (.string("a\"b\\c/d"), #""a\"b\\c/d""#),
      (.string("\n\t\r\u{0}\u{1F}"), #""\n\t\u000d\u0000\u001f""#),
      (.string("é\u{1F600}\u{301}"), "\"é\u{1F600}\u{301}\""),
      (.array([.number(1), .bool(false)]), "[\n  1,\n  false\n]"),
      (
        .object([("a\"", .array([.null])), ("b", .object([("c", .string("d"))]))]),
        "{\n  \"a\\\"\": [\n    null\n  ],\n  \"b\": {\n    \"c\": \"d\"\n  }\n}"
      ),
    ] as [(JSON, String)])
  func writesJSONWithEscapes(value: JSON, text: String) {
    #expect(value.text == text + "\n")
  }
}

@Suite struct PlanReportTests {
  @Test("The plan for kexec_file_load lists no segments and no entry, as text and as JSON")
  func fileLoadPlanHasNoSegments() throws {
    var request = LoadRequest(kernel: .init(path: "vmlinuz", bytes: BzImageBuilder().file))
    request.options.commandLine = "console=\"a b\""
    request.initrds = [.init(path: "i", bytes: SharedBytes([0]))]
    let image = try KernelImage.open(request.kernel.bytes)
    let plan = try plan(
      request, by: Route(.file, .preferred), on: TemporaryTree([:]).machine, image: image)
    let report = PlanReport(plan: plan)
    #expect(
      report.text() == """
          kernel    6.1.0-56-cloud-amd64                  vmlinuz (bzImage64)
          initrd    i                                     1 byte
          cmdline   console="a b"
          method    kexec_file_load, the default
          address   chosen by the running kernel

        """)
    #expect(
      report.json.text == """
        {
          "schema": 1,
          "purpose": "reboot",
          "kernel": {
            "path": "vmlinuz",
            "version": "6.1.0-56-cloud-amd64 (builder@example) #1 SMP",
            "release": "6.1.0-56-cloud-amd64",
            "image": "bzImage64, boot protocol 2.15",
            "bytes": \(request.kernel.bytes.count)
          },
          "unifiedImage": null,
          "initrds": [
            {
              "path": "i",
              "bytes": 1
            }
          ],
          "commandLine": "console=\\"a b\\"",
          "systemCall": "kexec_file_load",
          "reason": "the default",
          "reasonCode": "preferred",
          "flags": 0,
          "flagNames": [],
          "bestEffortFlagNames": [],
          "entry": null,
          "kernelEntry": null,
          "virtualShift": null,
          "seed": null,
          "isDrawnAnew": false,
          "digest": null,
          "expectedPeak": null,
          "crashRoom": null,
          "segments": null,
          "memoryMap": null,
          "notes": [],
          "noteCodes": [],
          "warnings": [],
          "errors": []
        }

        """)
  }
}

private let everyKnownImage: [KnownImage] =
  [
    KnownImage.zImage, .elfOther(machine: 183), .uki, .efiProgram(machine: nil),
    .otherImage(machine: "arm64"), .cpio, .nbi, .beoboot,
  ] + CompressionFormat.allCases.map(KnownImage.compressed)
