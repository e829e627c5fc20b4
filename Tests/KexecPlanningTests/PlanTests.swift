import KexecABI
import ByteCoding
import KernelImages
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

@Suite struct PlanTests {
  @Test("Initrd, kernel, purgatory and boot_params get their places and boot_params point to them")
  func placesSegmentsAndPointsToThem() throws {
    let load = try segments(on: guest()) { request in
      request.initrds = [file(0x12_3456)]
      request.options.commandLine = "console=ttyS0"
    }
    #expect(load.segments.map(\.role) == [.initrd(0), .kernel, .purgatory, .bootBlock])
    #expect(load.flags == 0x3E_0000)
    #expect(load.digest == .komihash)
    let kernel = try place(of: .kernel, in: load)
    #expect(kernel == physical(0x5CC0_0000, 0x337_8000))
    #expect(load.kernelEntry.value == 0x5CC0_0200)
    #expect(try place(of: .initrd(0), in: load) == physical(0x5CAD_C000, 0x12_4000))
    #expect(load.entry == (try place(of: .purgatory, in: load)).start)
    // boot_params refer to the segments.
    let block = try #require(load.segments.first { $0.role == .bootBlock })
    let parameters = block.bytes.array
    #expect(parameters.loadField(Field<UInt32>(0x218)) == 0x5CAD_C000)
    #expect(parameters.loadField(Field<UInt32>(0x21C)) == 0x12_3456)
    #expect(
      UInt64(parameters.loadField(Field<UInt32>(0x228))) == block.destination.start.value + 0x1000)
    #expect(parameters.loadField(Field<UInt8>(0x210)) == 0xD0)
    #expect(Array(parameters[0x1000..<0x100E]) == Array("console=ttyS0\0".utf8))
  }

  /// A command line is bytes: those that are not text are counted and passed on unchanged.
  @Test("Command line bytes that are not text are counted and passed on unchanged")
  func passesBytesThatAreNotText() throws {
    let line: [UInt8] = [0xE9] + [UInt8](repeating: 0xFF, count: 2046)
    let load = try segments(on: guest()) { $0.options.commandLine = String(lossless: line) }
    let block = try #require(load.segments.first { $0.role == .bootBlock }).bytes.array
    #expect(Array(block[0x1000..<0x1800]) == line + [0])
    #expect(throws: PlanningError.commandLineTooLong(length: 2048, limit: 2047)) {
      try segments(on: guest()) { $0.options.commandLine = String(lossless: line + [0xFF]) }
    }
    let running = machine(running: "")
    var request = LoadRequest(kernel: .init(path: "k", bytes: .init([])))
    request.options.reusesCommandLine = true
    request.options.appended = [String(lossless: [0xC3]), String(lossless: [0xA9])]
    #expect(request.finalCommandLine(on: running).losslessBytes == [0xC3, 0x20, 0xA9])
  }

  @Test("The random seed is handed over only to a kernel that knows this type of setup_data")
  func passesRandomSeedIfUnderstood() throws {
    for (highest, isThere) in [(UInt32(0x8000_0009), true), (8, false), (9, true)] {
      let builder = BzImageBuilder { $0.highestSetupData = highest }
      let load = try segments(builder, on: guest()) {
        $0.randomSeed = .init(repeating: 1, count: 32)
      }
      let block = try #require(load.segments.first { $0.role == .bootBlock })
      let first = block.bytes.array.loadField(Field<UInt64>(0x250))
      #expect((first != 0) == isThere, "kernel_info says \(highest)")
    }
  }

  /// "Each archive starts at a page": they are adjacent, and ramdisk_size covers all of them.
  @Test("Several initrds lie in adjacent segments that each start at a page")
  func severalInitrdsLieTogether() throws {
    let sizes = [5000, 4096, 1, 70_000]
    let load = try segments(on: guest()) { $0.initrds = sizes.map { file($0) } }
    var end: PhysicalAddress?
    for (index, size) in sizes.enumerated() {
      let segment = try #require(load.segments.first { $0.role == .initrd(index) })
      #expect(segment.bytes.count == size)
      if let end { #expect(segment.destination.start == end) }
      end = segment.destination.end
    }
    let block = try #require(load.segments.first { $0.role == .bootBlock })
    // 2 pages, 1 page, 1 page, and the size of the last initrd.
    #expect(block.bytes.array.loadField(Field<UInt32>(0x21C)) == 4 * 4096 + 70_000)
    #expect(
      UInt64(block.bytes.array.loadField(Field<UInt32>(0x218)))
        == (try place(of: .initrd(0), in: load)).start.value)
  }

  /// Eight of the sixteen segments are for initrds; if there are more initrds, some are joined.
  @Test(
    "Eight initrds get a segment each and more of them are joined into one segment",
    arguments: [(8, 8), (9, 1), (40, 1)])
  func limitsInitrdSegments(initrds: Int, segmentCount: Int) throws {
    let load = try segments(on: guest()) { $0.initrds = (0..<initrds).map { _ in file(101) } }
    #expect(load.segments.count == 3 + segmentCount)
    let block = try #require(load.segments.first { $0.role == .bootBlock })
    let wanted = segmentCount > 1 ? (initrds - 1) * 4096 + 101 : (initrds - 1) * 104 + 101
    #expect(Int(block.bytes.array.loadField(Field<UInt32>(0x21C))) == wanted)
  }

  @Test("Every segment lies within the memory bounds of the request")
  func boundsHoldForEverySegment() throws {
    let bounds = physical(0x2000_0000, 0x1000_0000)
    let load = try segments(on: guest()) {
      $0.options.memoryBounds = bounds
      $0.initrds = [file(1_000_000)]
    }
    for segment in load.segments { #expect(bounds.contains(segment.destination)) }
    #expect(load.segments.last?.destination.end == bounds.end)
  }

  /// Found by fuzzing: initrds are placed above 16 MiB, but the header may require them below.
  @Test("An initrd that must lie below 16 MiB is refused for lack of space")
  func refusesInitrdLimitedTo16MiB() throws {
    let builder = BzImageBuilder {
      $0.initrdAddressMax = 0x100_0000
      $0.xloadflags = 1
    }
    let error = #expect(throws: PlanningError.self) {
      try segments(builder, on: guest()) { $0.initrds = [file(1)] }
    }
    guard case .noRoom(let space)? = error else {
      Issue.record("not about room: \(String(describing: error))")
      return
    }
    #expect(space.role == .initrd(0) && space.bounds.byteCount < 4096)
  }

  /// Found by a review: a header that allows no address for the kernel or the initrd.
  @Test("A real-mode load with an initrd limit of 16 MiB is refused for lack of space")
  func refusesLowInitrdLimitInRealMode() throws {
    let builder = BzImageBuilder { $0.initrdAddressMax = 0x100_0000 }
    let error = #expect(throws: PlanningError.self) {
      try segments(builder, on: guest()) {
        $0.options.entry = .realMode
        $0.initrds = [file(1)]
      }
    }
    guard case .noRoom(let space)? = error else {
      Issue.record("not about room: \(String(describing: error))")
      return
    }
    #expect(space.bounds.isEmpty)
  }

  /// The purgatory would add its parameter inside the quotes.
  @Test("A kernel that returns is refused when its command line has an open quote")
  func returningKernelNeedsClosedQuotes() {
    #expect(throws: PlanningError.openQuote) {
      try segments(on: guest()) {
        $0.options.preservesContext = true
        $0.options.commandLine = "a=\"b c"
      }
    }
  }

  @Test("The error for lack of space names the segment, its size and its bounds")
  func lackOfSpaceNamesTheSegment() {
    let bounds = physical(0x2000_0800, 0x200_0000)
    #expect(
      throws: PlanningError.noRoom(
        .init(
          role: .kernel, byteCount: 0x337_8000, alignment: 0x20_0000, bounds: bounds,
          largestHole: bounds))
    ) { try segments(on: guest()) { $0.options.memoryBounds = bounds } }
    #expect(
      throws: PlanningError.noRoom(
        .init(
          role: .kernel, byteCount: 0x337_8000, alignment: 0x20_0000,
          bounds: physical(0x8000_0000, 0x1000_0000), largestHole: nil))
    ) { try segments(on: guest()) { $0.options.memoryBounds = physical(0x8000_0000, 0x1000_0000) } }
    // The guest has less memory than this initrd needs.
    let error = #expect(throws: PlanningError.self) {
      try segments(on: guest(ram: 0x10_0000...0x4FF_FFFF)) { $0.initrds = [file(40 << 20)] }
    }
    guard case .noRoom(let space)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(space.role == .initrd(0))
    #expect(space.byteCount == 40 << 20)
    #expect(space.bounds.start.value == 16 << 20)
  }

  @Test(
    "A non-relocatable kernel goes to its preferred address, or is refused if that is 0",
    arguments: [
      (0x100_0000, 0x100_0000), (0x400_0000, 0x400_0000), (0, 0x10_0000 + 0x10_0000),
    ] as [(UInt64, UInt64)])
  func placesFixedKernelAtItsAddress(preferred: UInt64, start: UInt64) throws {
    let builder = BzImageBuilder {
      $0.isRelocatable = false
      $0.preferredAddress = preferred
    }
    if preferred == 0 {
      // 1 MiB is not a multiple of its alignment.
      #expect(throws: PlanningError.self) { try segments(builder, on: guest()) }
    } else {
      let load = try segments(builder, on: guest())
      #expect(try place(of: .kernel, in: load).start.value == start)
    }
  }

  /// Found by fuzzing: it must not be placed at 1 MiB or at the next page instead.
  @Test(
    "A non-relocatable kernel is refused when its preferred address cannot be used",
    arguments: [0, 0x1000, 0x200_0800, .max] as [UInt64])
  func refusesFixedKernelElsewhere(preferred: UInt64) {
    let builder = BzImageBuilder {
      ($0.isRelocatable, $0.preferredAddress, $0.kernelAlignment) = (false, preferred, 4096)
    }
    #expect(throws: PlanningError.self) { try segments(builder, on: guest()) }
  }

  @Test("A kernel that cannot be loaded above 4 GiB gets all its segments below")
  func lowMemoryKernelStaysBelow4GiB() throws {
    let machine = guest(ram: 0x10_0000...0x2_FFFF_FFFF)
    let anywhere = try segments(on: machine) { $0.initrds = [file(4096)] }
    #expect(anywhere.segments.allSatisfy { $0.destination.start.value >= 1 << 32 })
    let builder = BzImageBuilder {
      $0.xloadflags = 0x7D  // without XLF_CAN_BE_LOADED_ABOVE_4G
      $0.initrdAddressMax = 0x37FF_FFFF
    }
    let low = try segments(builder, on: machine) { $0.initrds = [file(4096)] }
    #expect(low.segments.allSatisfy { $0.destination.end.value <= 1 << 32 })
    // "initrd_addr_max": the last byte that an initrd may use.
    #expect(try place(of: .initrd(0), in: low).end.value == 0x3800_0000)
  }

  /// "32-bit Boot Protocol": the entry is the load address, and everything is in low memory.
  @Test(
    "A 32-bit entry is the load address and all segments lie in low memory",
    arguments: [true, false])
  func enters32BitModeAtLoadAddress(isAskedFor: Bool) throws {
    let builder = BzImageBuilder { $0.version = isAskedFor ? 0x020F : 0x020B }
    let machine = guest(ram: 0x10_0000...0xBFFF_FFFF, 0x1_0000_0000...0x2_FFFF_FFFF)
    let load = try segments(builder, on: machine) {
      if isAskedFor { $0.options.entry = .protected32 }
      $0.initrds = [file(4096)]
    }
    let kernel = try place(of: .kernel, in: load)
    #expect(load.kernelEntry == kernel.start)
    #expect(kernel.end.value <= 0x3800_0000 && kernel.start.isAligned(to: 0x20_0000))
    #expect(try place(of: .initrd(0), in: load).end.value <= 0x8000_0000)
    for segment in load.segments { #expect(segment.destination.end.value <= 0x8000_0000) }
    // entry_mode, EIP, ESI; the parameters start at 0x40 of the purgatory.
    let purgatory = try #require(load.segments.first { $0.role == .purgatory }).bytes.array
    let block = try place(of: .bootBlock, in: load)
    #expect(purgatory.loadField(Field<UInt16>(0x40 + 0x62)) == 1)
    #expect(purgatory.loadField(Field<UInt64>(0x40 + 0x10)) == kernel.start.value)
    #expect(purgatory.loadField(Field<UInt32>(0x40 + 0x2C)) == UInt32(block.start.value))
  }

  @Test("A real-mode entry puts the setup code into low memory and points it to the kernel")
  func entersRealModeInLowMemory() throws {
    let machine = guest(ram: 0...0x9_FBFF, 0x10_0000...0x5FFD_FFFF)
    let load = try segments(on: machine) {
      $0.options.entry = .realMode
      $0.initrds = [file(4096)]
      $0.options.memoryBounds = physical(0x1000_0000, 0x2000_0000)
    }
    // 64 KiB that end with the last whole page of low RAM.
    let place = try place(of: .realMode, in: load)
    #expect(place == physical(0x8_F000, 0x1_0000))
    #expect(load.kernelEntry.value == 0x8_F200)
    let code = try #require(load.segments.first { $0.role == .realMode }).bytes.array
    let kernel = try KexecPlanningTests.place(of: .kernel, in: load)
    #expect(code.loadField(Field<UInt32>(0x214)) == UInt32(kernel.start.value))
    #expect(load.segments.map(\.role) == [.realMode, .kernel, .initrd(0), .purgatory])
  }

  /// Found with Debian's 6.1 for i386: right below the end of its low memory it panics.
  @Test("A 32-bit kernel gets the lowest free address from 16 MiB on")
  func places32BitKernelLowest() throws {
    let load = try segments(BzImageBuilder { $0.xloadflags = 0 }, on: guest())
    #expect(try place(of: .kernel, in: load).start.value == 0x100_0000)
    let less = guest(ram: 0x10_0000...0x1FF_FFFF, 0x1000_0000...0x5FFD_FFFF)
    let higher = try segments(BzImageBuilder { $0.xloadflags = 0 }, on: less)
    #expect(try place(of: .kernel, in: higher).start.value == 0x1000_0000)
  }

  /// A header like iPXE's: it allows no entry but the one in real mode.
  private static let forBIOS = BzImageBuilder {
    ($0.version, $0.protectedEntry, $0.xloadflags, $0.isRelocatable) = (0x0207, 0, 0, false)
  }

  @Test("A kernel without another entry is entered in real mode by kexec_load")
  func entersBIOSOnlyKernelInRealMode() throws {
    let machine = guest(ram: 0...0x9_FBFF, 0x10_0000...0x5FFD_FFFF)
    let load = try segments(Self.forBIOS, on: machine)
    #expect(load.kernelEntry.value == 0x8_F200)
    #expect(try place(of: .kernel, in: load).start.value == 0x10_0000)
    let image = try KernelImage.open(Self.forBIOS.file)
    let request = LoadRequest(kernel: .init(path: "k", bytes: Self.forBIOS.file))
    #expect(routes(for: request, on: machine, image: image) == [Route(.segments, .imageType)])
  }

  @Test("A kernel with only a real-mode entry is refused with options that rule this entry out")
  func refusesOptionsForBIOSOnlyKernel() {
    let rows: [(String, (inout LoadRequest) -> Void)] = [
      ("-p", { $0.options.purpose = .crash }),
      ("--entry-32bit", { $0.options.entry = .protected32 }),
      ("--dtb", { $0.deviceTree = file(40) }),
      ("--load-preserve-context", { $0.options.preservesContext = true }),
    ]
    for (option, change) in rows {
      #expect(throws: PlanningError.realModeOnly(option: option)) {
        try segments(Self.forBIOS, on: guest(), change)
      }
    }
  }

  @Test("A real-mode entry is refused if the setup code is too large or low RAM is missing")
  func refusesImpossibleRealModeEntry() {
    let large = BzImageBuilder { $0.setupSectors = 0x70 }
    #expect(throws: PlanningError.realMode(.tooLarge(0x71 * 512))) {
      try segments(large, on: guest()) { $0.options.entry = .realMode }
    }
    // No RAM below 640 KiB.
    let high = guest(ram: 0x10_0000...0x5FFD_FFFF)
    let space = #expect(throws: PlanningError.self) {
      try segments(on: high) { $0.options.entry = .realMode }
    }
    guard case .noRoom(let missing)? = space else {
      Issue.record("\(String(describing: space))")
      return
    }
    #expect(missing.role == .realMode)
  }

  /// A kernel with a boot protocol before 2.10 runs at 1 MiB, whatever its alignment.
  @Test("A non-relocatable kernel of boot protocol 2.05 is entered at 1 MiB")
  func anOldKernelGoesTo1MiB() throws {
    let builder = BzImageBuilder { ($0.version, $0.isRelocatable) = (0x0205, false) }
    let load = try segments(builder, on: guest())
    #expect(load.kernelEntry.value == 0x10_0000)
  }

  @Test("An old boot protocol, a missing crash region and a missing memory map are refused")
  func refusesOldProtocolAndMissingMemory() {
    #expect(throws: PlanningError.protocolTooOld("2.01")) {
      try segments(BzImageBuilder { $0.version = 0x0201 }, on: guest())
    }
    #expect(throws: PlanningError.noCrashRegion) {
      try segments(on: guest()) { $0.options.purpose = .crash }
    }
    #expect(throws: PlanningError.noMemoryMap) { try segments(on: TemporaryTree([:]).machine) }
  }

  /// cmdline_size counts characters without the terminator; kexec_file_load reserves 31 for itself.
  @Test(
    "kexec_load takes 2047 bytes of command line and kexec_file_load takes 2016",
    arguments: [
      (2047, .segments, nil), (2048, .segments, 2047), (2016, .file, nil), (2017, .file, 2016),
    ] as [(Int, LoadCall, Int?)])
  func limitsCommandLineLength(length: Int, call: LoadCall, limit: Int?) {
    let result = Result { () throws(PlanningError) in
      try planned(by: call, on: guest()) {
        $0.options.commandLine = String(repeating: "x", count: length)
      }
    }
    if let limit {
      #expect(throws: PlanningError.commandLineTooLong(length: length, limit: limit)) {
        try result.get()
      }
    } else {
      #expect(throws: Never.self) { try result.get() }
    }
  }

  @Test("A command line with a NUL byte is refused")
  func refusesNULInCommandLine() {
    #expect(throws: PlanningError.commandLineHasNUL(offset: 3)) {
      try planned(by: .file, on: guest()) { $0.options.commandLine = "abc\0d" }
    }
  }

  @Test("The initrd and the crash purpose decide the flags of kexec_file_load")
  func setsFileLoadFlags() throws {
    func flags(_ change: (inout LoadRequest) -> Void) throws -> UInt {
      let plan = try planned(by: .file, on: guest(), change)
      let load = try plan.fileLoad()
      #expect(plan.request.initrds.isEmpty == (load.flags & 4 == 4))
      return load.flags
    }
    #expect(try flags { _ in } == 0x4)
    #expect(try flags { $0.initrds = [file(1)] } == 0)
    var crashing = guest()
    #expect(throws: PlanningError.noCrashRegion) {
      try planned(by: .file, on: crashing) { $0.options.purpose = .crash }
    }
    crashing.ioMemory = IOMemory(
      text: "100000-1fffffff : System RAM\n  10000000-1fffffff : Crash kernel")
    let plan = try planned(by: .file, on: crashing) { $0.options.purpose = .crash }
    let load = try plan.fileLoad()
    #expect(load.flags == 0x6)
  }

  @Test("The notes of a plan depend on its system call, kernel and options")
  func notesDependOnCallAndOptions() throws {
    let plain = try planned(by: .segments, on: guest())
    #expect(
      plain.notes == [
        .ioMemoryHidden, .ordinaryEntry(.noPayload), .noBootParameters, .noRandomSeed,
      ])
    let other = try planned(
      BzImageBuilder { $0.checksum = .wrong }, by: .file, on: guest()
    ) { $0.options.digest = .none }
    #expect(other.notes == [.checksumMismatch, .noEffectOnFileCall("--no-checks")])
    let digested = try planned(by: .file, on: guest()) { $0.options.digest = .sha256 }
    #expect(digested.notes == [.noEffectOnFileCall("--digest")])
    let unchecked = try planned(by: .segments, on: guest()) { $0.options.digest = .none }
    #expect(unchecked.notes.contains(.checksOff))
  }
}

@Suite struct UsableMemoryTests {
  @Test("Free memory is RAM in both /proc/iomem and firmware's memory map")
  func freeMemoryIsRAMInBothMaps() throws {
    var machine = guest(ram: 0x10_0000...0x3FFF_FFFF)
    machine.ioMemory = IOMemory(
      text: """
        00100000-1fffffff : System RAM
          10000000-10ffffff : Reserved
        20000000-4fffffff : Reserved
        """)
    let memory = try UsableMemory(of: machine, commandLine: .init(""))
    #expect(
      memory.free.ranges == [physical(0x10_0000, 0xFF0_0000), physical(0x1100_0000, 0xF00_0000)])
    #expect(memory.map == machine.firmwareMap)
    #expect(memory.notes.isEmpty)
  }

  @Test("The plan notes that the running kernel was booted with add_efi_memmap")
  func notesAddEFIMemmap() throws {
    var machine = guest()
    machine.ioMemory = IOMemory(text: "00100000-1fffffff : System RAM")
    machine.commandLine = .init("quiet add_efi_memmap")
    let memory = try UsableMemory(of: machine, commandLine: .init(""))
    #expect(memory.notes == [.efiMapWasAdded])
    #expect(memory.free.ranges == [physical(0x10_0000, 0x1FF0_0000)])
  }

  @Test("Firmware's memory map is needed and used when /proc/iomem hides its addresses")
  func needsFirmwareMapIfAddressesAreHidden() throws {
    var machine = guest()
    machine.ioMemory = IOMemory(text: "00000000-00000000 : System RAM")
    #expect(try UsableMemory(of: machine, commandLine: .init("")).notes == [.ioMemoryHidden])
    machine.firmwareMap = nil
    #expect(throws: PlanningError.noMemoryMap) {
      try UsableMemory(of: machine, commandLine: .init(""))
    }
  }

  @Test("Free memory starts at 1 MiB and consists of whole pages")
  func freeMemoryIsWholePagesFrom1MiB() throws {
    let machine = guest(ram: 0x1001...0x9_FBFF, 0x10_0001...0x20_0FFE, 0x30_0000...0x30_0FFE)
    let memory = try UsableMemory(of: machine, commandLine: .init(""))
    #expect(memory.free.ranges == [physical(0x10_1000, 0xF_F000)])
    #expect(memory.ramByteCount == 0x9_EBFF + 0x10_0FFE + 0xFFF)
  }
}
