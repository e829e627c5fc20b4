import ByteCoding
import KernelImages
import KexecABI
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

/// A running kernel with 5-level page tables, and every kind of next kernel. A kernel that knows of
/// 5 levels but does not use them (XLF_5LEVEL without XLF_5LEVEL_ENABLED) switches to 4 levels
/// itself; from its 64-bit entry that resets the machine.
@Suite struct FiveLevelPagingTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// XLF_ bits 5 and 6.
    var startsWithFive = true
    var usesFive = true
    var isRunning = true
    var line = "quiet"
    var entry = LoadOptions.EntryChoice.automatic
    var isFast = true
    /// The result for kexec_load.
    let isEnteredIn32Bits: Bool
    var notes: [PlanNote] = []
    var reason: OrdinaryEntryReason?
    /// The result for kexec_file_load.
    var isForFileCall = true
  }

  static let rows: [Row] = [
    Row(testDescription: "both bits", isEnteredIn32Bits: false),
    Row(
      testDescription: "both bits, --no-fast", isFast: false, isEnteredIn32Bits: false,
      reason: .switchedOff),
    Row(
      testDescription: "both bits, no5lvl", line: "quiet no5lvl", isEnteredIn32Bits: false,
      reason: .fiveLevelPaging),
    Row(
      testDescription: "both bits, no5lvl for init", line: "quiet -- no5lvl",
      isEnteredIn32Bits: false),
    Row(
      testDescription: "both bits, --entry-32bit", entry: .protected32, isEnteredIn32Bits: true,
      reason: .otherEntry),
    Row(
      testDescription: "bit 5 alone", usesFive: false, isEnteredIn32Bits: true,
      notes: [.enteredIn32Bits], reason: .fiveLevelPaging, isForFileCall: false),
    Row(
      testDescription: "bit 5 alone, --no-fast", usesFive: false, isFast: false,
      isEnteredIn32Bits: true, notes: [.enteredIn32Bits], reason: .switchedOff,
      isForFileCall: false),
    Row(
      testDescription: "bit 5 alone, no5lvl", usesFive: false, line: "no5lvl",
      isEnteredIn32Bits: true, notes: [.enteredIn32Bits], reason: .fiveLevelPaging,
      isForFileCall: false),
    Row(
      testDescription: "bit 5 alone, --entry-32bit", usesFive: false, entry: .protected32,
      isEnteredIn32Bits: true, reason: .otherEntry, isForFileCall: false),
    Row(
      testDescription: "neither bit", startsWithFive: false, usesFive: false,
      isEnteredIn32Bits: true, notes: [.enteredIn32Bits], reason: .fiveLevelPaging,
      isForFileCall: false),
    Row(
      testDescription: "bit 6 alone", startsWithFive: false, isEnteredIn32Bits: true,
      notes: [.enteredIn32Bits], reason: .fiveLevelPaging, isForFileCall: false),
    Row(
      testDescription: "4 levels, bit 5 alone", usesFive: false, isRunning: false,
      isEnteredIn32Bits: false),
    Row(
      testDescription: "4 levels, neither bit", startsWithFive: false, usesFive: false,
      isRunning: false, isEnteredIn32Bits: false),
    Row(
      testDescription: "4 levels, both bits, no5lvl", isRunning: false, line: "no5lvl",
      isEnteredIn32Bits: false),
  ]

  private func kernel(_ row: Row) -> BzImageBuilder {
    BzImageBuilder {
      $0.xloadflags = 0x1F | (row.startsWithFive ? 0x20 : 0) | (row.usesFive ? 0x40 : 0)
      $0.payload = storedGzip(VmlinuxBuilder().bytes)
    }
  }

  private func machine(_ row: Row) -> Machine {
    // More memory than a 32-bit entry can reach.
    var machine = guest(ram: 0x10_0000...0x9FFF_FFFF, 0x1_0000_0000...0x1_BFFF_FFFF)
    machine.usesFiveLevelPaging = row.isRunning
    return machine
  }

  private func change(_ request: inout LoadRequest, _ row: Row) {
    request.randomNumbers = .init(virtual: 1, physical: 1)
    request.options.commandLine = row.line
    request.options.entry = row.entry
    request.options.isFast = row.isFast
  }

  @Test(
    "The XLF_5LEVEL bits and options decide whether a kernel is entered in 64-bit or 32-bit mode",
    arguments: rows)
  func choosesEntryByPagingBits(row: Row) throws {
    let plan = try planned(kernel(row), by: .segments, on: machine(row)) { change(&$0, row) }
    let load = try plan.segmentLoad()
    let start = try #require(load.segments.first { $0.role == .kernel }).destination.start
    let isUnpacked = row.reason == nil
    let offset: UInt64 = row.isEnteredIn32Bits ? 0 : isUnpacked ? 0x40 : 0x200
    #expect(load.kernelEntry.value == start.value + offset)
    // entry_mode of the purgatory's parameters, which start at 0x40.
    let purgatory = try #require(load.segments.first { $0.role == .purgatory }).bytes.array
    let mode = purgatory.loadField(Field<UInt16>(0x40 + 0x62))
    #expect(mode == (row.isEnteredIn32Bits ? 1 : 0))
    if row.isEnteredIn32Bits {
      #expect(load.segments.allSatisfy { $0.destination.end.value <= 1 << 31 })
    }
    let wanted = row.notes + [row.reason.map(PlanNote.ordinaryEntry) ?? .unpacked(format: "gzip")]
    #expect(
      plan.notes.filter {
        switch $0 {
        case .enteredIn32Bits, .ordinaryEntry, .unpacked: true
        default: false
        }
      } == wanted)
  }

  @Test(
    "kexec_file_load is refused when 5-level paging would make the kernel reset the machine",
    arguments: rows.filter { $0.entry == .automatic })
  func refusesFileLoadThatWouldReset(row: Row) throws {
    let result = Result { () throws(PlanningError) in
      try planned(kernel(row), by: .file, on: machine(row)) { change(&$0, row) }
    }
    if row.isForFileCall {
      #expect(throws: Never.self) { try result.get() }
    } else {
      #expect(throws: PlanningError.fiveLevelPaging) { try result.get() }
    }
  }

  struct RouteRow: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var lockdown = "[none] integrity"
    let wanted: [Route]
    let change: @Sendable (inout LoadRequest) -> Void

    init(
      _ name: String, lockdown: String = "[none] integrity",
      _ wanted: [Route] = [Route(.segments, .fiveLevelPaging)],
      _ change: @escaping @Sendable (inout LoadRequest) -> Void = { _ in }
    ) {
      testDescription = name
      self.lockdown = lockdown
      self.wanted = wanted
      self.change = change
    }
  }

  static let routes = [
    RouteRow("-l"),
    RouteRow("-p") { $0.options.purpose = .crash },
    RouteRow("-l --no-fast") { $0.options.isFast = false },
    RouteRow("-s", [Route(.file, .asked)]) { $0.options.call = .file },
    RouteRow("-c", [Route(.segments, .asked)]) { $0.options.call = .segments },
    RouteRow("--noefi", [Route(.segments, .needed(by: ["--noefi"]))]) {
      $0.options.handsOverEFI = false
    },
    // A policy is never bypassed.
    RouteRow(
      "-l under lockdown", lockdown: "none [integrity]",
      [Route(.file, .policy), Route(.segments, .fileCallRefused)]),
  ]

  /// The options, and the routes for a kernel with bit 5 only.
  @Test(
    "A kernel that leaves 5-level paging goes by kexec_load unless options or lockdown decide",
    arguments: routes)
  func prefersKexecLoadUnderFiveLevels(row: RouteRow) throws {
    let file = kernel(Self.rows[5]).file
    var request = LoadRequest(kernel: .init(path: "k", bytes: file))
    row.change(&request)
    var machine = TemporaryTree(["/sys/kernel/security/lockdown": row.lockdown + "\n"]).machine
    machine.usesFiveLevelPaging = true
    let image = try KernelImage.open(file)
    #expect(TestSupport.routes(for: request, on: machine, image: image) == row.wanted)
  }

  /// A kernel that is entered in 32-bit mode reaches only 896 MiB.
  @Test(
    "A crash region out of a 32-bit entry's reach is refused for lack of space",
    arguments: [
      (0x2000_0000...0x2FFF_FFFF, nil), (0x3400_0000...0x3BFF_FFFF, nil),
      (0x5000_0000...0x5FFF_FFFF, .kernel), (0x1_0000_0000...0x1_0FFF_FFFF, .kernel),
    ] as [(ClosedRange<UInt64>, PlannedSegment.Role?)])
  func refusesCrashRegionOutOfReach(region: ClosedRange<UInt64>, missing: PlannedSegment.Role?)
    throws
  {
    var machine = TemporaryTree(["/proc/iomem": map(with: region)]).machine
    machine.usesFiveLevelPaging = true
    let result = Result { () throws(PlanningError) in
      try planned(kernel(Self.rows[5]), by: .segments, on: machine) {
        $0.options.purpose = .crash
      }
    }
    guard let missing else {
      #expect(throws: Never.self) { try result.get() }
      return
    }
    guard case .failure(.fiveLevelPagingNoRoom(let space)) = result else {
      Issue.record("\(result)")
      return
    }
    #expect(space.role == missing)
  }

  private func map(with region: ClosedRange<UInt64>) -> String {
    """
    00100000-9fffffff : System RAM
    \(region.upperBound < 1 << 32 ? crashLine(region) : "")
    100000000-1bfffffff : System RAM
    \(region.upperBound < 1 << 32 ? "" : crashLine(region))
    """
  }

  private func crashLine(_ region: ClosedRange<UInt64>) -> String {
    "  \(String(region.lowerBound, radix: 16))-\(String(region.upperBound, radix: 16)) : Crash kernel"
  }

  /// Real mode has no paging. The kernel inside a unified image is handled like any other.
  @Test("A real-mode entry is kept, and the kernel of a unified image is entered in 32-bit mode")
  func handlesRealModeAndUnifiedImages() throws {
    var machine = guest(ram: 0...0x9_FBFF, 0x10_0000...0x5FFD_FFFF)
    machine.usesFiveLevelPaging = true
    let real = try planned(kernel(Self.rows[5]), by: .segments, on: machine) {
      $0.options.entry = .realMode
    }
    #expect(!real.notes.contains(.enteredIn32Bits))
    let unified = UnifiedImageBuilder([.init(".linux", kernel(Self.rows[5]).bytes)]).file
    let request = LoadRequest(kernel: .init(path: "k.efi", bytes: unified))
    let image = try KernelImage.open(unified)
    #expect(
      TestSupport.routes(for: request, on: machine, image: image)
        == [Route(.segments, .fiveLevelPaging)])
    let made = try plan(request, by: Route(.segments, .fiveLevelPaging), on: machine, image: image)
    #expect(made.notes.contains(.enteredIn32Bits))
  }

  /// A vmlinux does not say which page tables it supports, so it gets 4-level ones.
  @Test(
    "A vmlinux gets 4-level page tables unless it returns or lies above 4 GiB",
    arguments: [
      ("alone", nil, true), ("with an initrd", nil, true), ("a kernel that returns", nil, false),
      ("-p below 4 GiB", 0x2000_0000...0x2FFF_FFFF, true),
      ("-p above 4 GiB", 0x1_0000_0000...0x1_0FFF_FFFF, false),
    ] as [(String, ClosedRange<UInt64>?, Bool)])
  func entersVmlinuxWithFourLevels(name: String, region: ClosedRange<UInt64>?, isLeft: Bool) throws
  {
    let builder = VmlinuxBuilder()
    let file = SharedBytes(builder.bytes)
    var machine = machine(Self.rows[0])
    if let region { machine = TemporaryTree(["/proc/iomem": map(with: region)]).machine }
    machine.usesFiveLevelPaging = true
    var request = LoadRequest(kernel: .init(path: "vmlinux", bytes: file))
    request.randomNumbers = .init(virtual: 1, physical: .max)
    request.options.arguments = .linux
    request.options.purpose = region == nil ? .reboot : .crash
    request.options.preservesContext = name == "a kernel that returns"
    if name == "with an initrd" { request.initrds = [KexecPlanningTests.file(5000)] }
    let plan = try plan(
      request, by: Route(.segments, .imageType), on: machine, image: KernelImage.open(file))
    #expect(plan.notes.contains(.enteredWithFourLevels) == isLeft)
    #expect(plan.notes.contains(.fiveLevelsUnknown) == !isLeft)
    let load = try plan.segmentLoad()
    let tables = load.segments.first { $0.role == .pageTables }
    #expect((tables != nil) == isLeft)
    let purgatory = try #require(load.segments.first { $0.role == .purgatory }).bytes.array
    #expect(purgatory.loadField(Field<UInt16>(0x40 + 0x62)) == (isLeft ? 4 : 0))
    guard let tables else { return }
    // EAX holds the address of the page tables, RSI that of boot_params.
    #expect(
      UInt64(purgatory.loadField(Field<UInt32>(0x40 + 0x28 + 28))) == tables.destination.start.value
    )
    let block = try place(of: .bootBlock, in: load)
    #expect(purgatory.loadField(Field<UInt64>(0x40 + 0x18)) == block.start.value)
    for segment in load.segments {
      if case .initrd = segment.role { continue }
      #expect(segment.destination.end.value <= 1 << 32)
    }
    // The first 4 GiB are mapped to themselves: the top table refers to the second, and that to the
    // pages.
    let bytes = tables.bytes.array
    let base = tables.destination.start.value
    #expect(bytes.count == 6 * 4096)
    for address in [0, 0x3FFF_FFFF, 0x4000_0000, 0xFFFF_FFFF] as [UInt64] {
      var table = base
      for shift in [39, 30, 21] as [UInt64] {
        let index = Int(table - base) + Int(address >> shift & 511) * 8
        let entry = bytes.loadField(Field<UInt64>(index))
        #expect(entry & 3 == 3 && (entry & 0x80 != 0) == (shift == 21))
        table = entry & ~0xFFF
      }
      #expect(table | address & 0x1F_FFFF == address)
    }
  }

  /// If the running kernel uses 4 levels, nothing changes.
  @Test("A vmlinux gets no page tables when the running kernel uses 4 levels")
  func needsNoPageTablesWithFourLevels() throws {
    let file = SharedBytes(VmlinuxBuilder().bytes)
    var request = LoadRequest(kernel: .init(path: "vmlinux", bytes: file))
    request.options.arguments = .linux
    let plan = try plan(
      request, by: Route(.segments, .imageType), on: guest(), image: KernelImage.open(file))
    #expect(!plan.notes.contains(.enteredWithFourLevels))
    let load = try plan.segmentLoad()
    #expect(!load.segments.contains { $0.role == .pageTables })
  }
}
