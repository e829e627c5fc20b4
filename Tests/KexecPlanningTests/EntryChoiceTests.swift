import ByteCoding
import KernelImages
import KexecABI
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

/// At which entry a kernel is entered, depending on the options and on the kernel.
@Suite struct EntryChoiceTests {
  private var biosGuest: Machine { guest(ram: 0...0x9_FBFF, 0x10_0000...0x5FFD_FFFF) }

  private func plan(
    _ file: SharedBytes, on machine: Machine, _ change: (inout LoadRequest) -> Void = { _ in }
  ) throws -> LoadPlan {
    var request = LoadRequest(kernel: .init(path: "k", bytes: file))
    request.randomNumbers = .init(virtual: 1, physical: 1)
    change(&request)
    let image = try KernelImage.open(file, as: request.options.imageType)
    let planner = try LoadPlanner(request, image: image, on: machine)
    var inspection: InitrdInspection?
    return try planner.plan(by: planner.routes[0], inspection: &inspection)
  }

  private func segments(_ plan: LoadPlan) throws -> SegmentLoad {
    let load = try plan.segmentLoad()
    return load
  }

  // MARK: Contradictions

  /// The parser refuses these, too; the planner must also refuse requests made otherwise.
  static let contradictions: [(String, String, @Sendable (inout LoadRequest) -> Void)] = [
    ("--real-mode", "-p", { ($0.options.entry, $0.options.purpose) = (.realMode, .crash) }),
    (
      "--real-mode", "--load-preserve-context",
      { ($0.options.entry, $0.options.preservesContext) = (.realMode, true) }
    ),
    ("--real-mode", "--dtb", { ($0.options.entry, $0.deviceTree) = (.realMode, file(40)) }),
    (
      "--load-preserve-context", "-p",
      { ($0.options.preservesContext, $0.options.purpose) = (true, .crash) }
    ),
    (
      "--load-preserve-context", "-s",
      { ($0.options.preservesContext, $0.options.call) = (true, .file) }
    ),
  ]

  @Test(
    "Contradictory options are refused for bzImage, vmlinux and multiboot kernels",
    arguments: contradictions.indices)
  func contradictionsAreRefused(index: Int) throws {
    let (first, second, change) = Self.contradictions[index]
    let vmlinux = SharedBytes(VmlinuxBuilder().bytes)
    let multiboot = SharedBytes(
      ELFBuilder(is64Bit: false).bytes(head: MultibootBuilder.header1(flags: 0)))
    for file in [BzImageBuilder().file, vmlinux, multiboot] {
      #expect(throws: PlanningError.contradiction(first, second)) {
        try plan(file, on: biosGuest, change)
      }
    }
  }

  // MARK: --type=bzImage

  /// Scripts use it for any kernel: the 64-bit entry and the fast jump must still be used.
  @Test("--type=bzImage keeps the 64-bit entry and the fast jump")
  func bzImageTypeKeeps64BitEntry() throws {
    let fast = BzImageBuilder { $0.payload = storedGzip(VmlinuxBuilder().bytes) }
    for type in [nil, .bzImage64, .bzImage] as [ImageType?] {
      let plan = try plan(fast.file, on: guest()) {
        ($0.options.imageType, $0.options.call) = (type, .segments)
      }
      #expect(plan.notes.contains(.unpacked(format: "gzip")))
      #expect(plan.notes.contains(.enteredIn64Bits) == (type == .bzImage))
      #expect(try segments(plan).kernelEntry.value & 0xFFF == 0x40)
    }
    let asked = try plan(fast.file, on: guest()) {
      ($0.options.imageType, $0.options.entry) = (.bzImage, .protected32)
    }
    #expect(!asked.notes.contains(.enteredIn64Bits))
    #expect(asked.notes.contains(.ordinaryEntry(.otherEntry)))
    // A kernel that has no other entry.
    let small = try plan(BzImageBuilder { $0.xloadflags = 0 }.file, on: guest()) {
      $0.options.imageType = .bzImage
    }
    #expect(!small.notes.contains(.enteredIn64Bits))
    // The type does not forbid kexec_file_load, which enters the kernel by the kernel's own loader.
    let byFile = try plan(BzImageBuilder().file, on: guest()) { $0.options.imageType = .bzImage }
    guard case .file = byFile.action else {
      Issue.record("\(byFile.reason)")
      return
    }
  }

  // MARK: Real mode

  /// A device tree is passed in boot_params, which a kernel that is entered in real mode makes
  /// itself.
  @Test(
    "A kernel entered in real mode gets no device tree from its unified image",
    arguments: [true, false])
  func realModeLeavesOutDeviceTree(isAsked: Bool) throws {
    let kernel = BzImageBuilder {
      // Without another entry it is always entered in real mode.
      if !isAsked { ($0.version, $0.protectedEntry, $0.xloadflags) = (0x0207, 0, 0) }
    }
    let image = UnifiedImageBuilder([
      .init(".linux", kernel.bytes), .init(".dtb", [0xD0, 0x0D, 0xFE, 0xED]),
      .init(".cmdline", "a"),
    ]).file
    let plan = try plan(image, on: biosGuest) { if isAsked { $0.options.entry = .realMode } }
    #expect(plan.notes.contains(.notInRealMode(.deviceTree)))
    #expect(plan.notes.contains(.sectionsUsed([.commandLine])))
    #expect(try segments(plan).segments.contains { $0.role == .realMode })
  }

  private static let memdisk = BzImageBuilder {
    ($0.version, $0.xloadflags, $0.isRelocatable) = (0x0203, 0, false)
    ($0.name, $0.setupSectors) = ("MEMDISK 6.04 20200816", 3)
  }
  private static let floppy: LoadRequest.File = {
    var bytes = [UInt8](repeating: 0x90, count: 1440 << 10)
    bytes.store([0x55, 0xAA], at: 510)
    return .init(path: "floppy", bytes: SharedBytes(bytes))
  }()

  /// Its header has an entry in protected mode, at which it hangs silently.
  @Test("MEMDISK is entered in real mode and refused on EFI or with options that rule this out")
  func memdiskIsEnteredInRealMode() throws {
    let made = try plan(Self.memdisk.file, on: biosGuest) { $0.initrds = [Self.floppy] }
    #expect(made.notes.contains(.memdisk))
    let load = try segments(made)
    #expect(load.segments.contains { $0.role == .realMode })
    #expect(load.segments.contains { $0.role == .initrd(0) && $0.bytes.count == 1440 << 10 })
    let asked = try plan(Self.memdisk.file, on: biosGuest) { $0.options.entry = .realMode }
    #expect(!asked.notes.contains(.memdisk))
    for (option, change) in [
      ("--entry-32bit", { $0.options.entry = .protected32 }),
      ("-p", { $0.options.purpose = .crash }),
    ] as [(String, (inout LoadRequest) -> Void)] {
      #expect(throws: PlanningError.realModeOnly(option: option)) {
        try plan(Self.memdisk.file, on: biosGuest, change)
      }
    }
    var machine = biosGuest
    machine.efi =
      TemporaryTree([
        "/sys/firmware/efi/fw_platform_size": "64\n", "/sys/firmware/efi/systab": "",
      ]).machine.efi
    #expect(machine.efi != nil)
    #expect(throws: PlanningError.realMode(.noBIOS)) { try plan(Self.memdisk.file, on: machine) }
  }

  /// It is unknown what other kernels do with a disk image, but no Linux kernel boots from one.
  @Test("A disk image as initrd is noted unless the kernel is Linux or entered in real mode")
  func notesDiskImageWithoutBIOS() throws {
    let other = BzImageBuilder { ($0.xloadflags, $0.name) = (0, "Something 1.0") }
    func notes(_ builder: BzImageBuilder, _ change: (inout LoadRequest) -> Void) throws
      -> [PlanNote]
    {
      try plan(builder.file, on: biosGuest, change).notes
    }
    #expect(try notes(other) { $0.initrds = [Self.floppy] }.contains(.diskWithoutBIOS))
    #expect(try !notes(other) { $0.initrds = [file(1440 << 10)] }.contains(.diskWithoutBIOS))
    #expect(
      try !notes(other) { ($0.initrds, $0.options.entry) = ([Self.floppy], .realMode) }
        .contains(.diskWithoutBIOS))
    let linux = BzImageBuilder { $0.payload = storedGzip(VmlinuxBuilder().bytes) }
    #expect(
      try !notes(linux) { ($0.initrds, $0.options.call) = ([Self.floppy], .segments) }
        .contains(.diskWithoutBIOS))
  }

  // MARK: A kernel that returns

  /// Its region must be in the kernel's reach: below 896 MiB if it is entered in 32-bit mode.
  @Test(
    "A kernel that returns lies below 4 GiB, or below 896 MiB with a 32-bit entry",
    arguments: [(LoadOptions.EntryChoice.automatic, 1 << 32), (.protected32, 0x3800_0000)])
  func placesReturningKernelWithinReach(entry: LoadOptions.EntryChoice, end: UInt64) throws {
    let machine = guest(ram: 0x10_0000...0xBFFF_FFFF, 0x1_0000_0000...0x2_FFFF_FFFF)
    let load = try segments(
      try plan(BzImageBuilder().file, on: machine) {
        ($0.options.entry, $0.options.preservesContext) = (entry, true)
      })
    let kernel = try place(of: .kernel, in: load)
    #expect(kernel.end.value <= end)
    for segment in load.segments where segment.role != .workspace {
      #expect(segment.destination.end.value <= end)
    }
  }
}
