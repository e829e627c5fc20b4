import KexecABI
import ByteCoding
import KernelImages
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

/// Plans for kernels that are not a bzImage.
@Suite struct OtherImageTests {
  @Test("A vmlinux with a relocation table is moved to a random address")
  func movesVmlinuxByRelocationTable() throws {
    let file = linux(VmlinuxBuilder().bytes)
    let plan = try planned(file, on: guest()) { $0.initrds = [KexecPlanningTests.file(5000)] }
    let load = try segments(of: plan)
    #expect(!plan.notes.contains(.noRandomAddress))
    #expect(load.segments.map(\.role).contains(.initrd(0)))
    let kernel = load.segments.filter { $0.role == .kernel }
    #expect(kernel.count == 4)
    #expect(load.kernelEntry.value == kernel[0].destination.start.value + 0x40)
    #expect(kernel[0].destination.start.value % 0x20_0000 == 0)
    let block = try #require(load.segments.first { $0.role == .bootBlock }).bytes.array
    #expect(block.loadField(Field<UInt32>(0x202)) == 0x5372_6448)
    #expect(block.loadField(Field<UInt16>(0x206)) == 0x020F)
    #expect(block.loadField(Field<UInt8>(0x211)) & 2 == 2, "KASLR_FLAG")
  }

  @Test("A vmlinux without a relocation table stays at its link address unless that is taken")
  func keepsVmlinuxAtLinkAddress() throws {
    let file = linux(VmlinuxBuilder { $0.trailer = [] }.bytes)
    let plan = try planned(file, on: guest())
    #expect(plan.notes.contains(.noRandomAddress))
    #expect(try segments(of: plan).kernelEntry.value == 0x100_0040)
    // If that address is not free, it is placed elsewhere.
    let full = guest(ram: 0x200_0000...0x5FFF_FFFF)
    let entry = try segments(of: try planned(file, on: full)).kernelEntry.value
    #expect(entry > 0x200_0000 && entry % 0x20_0000 == 0x40)
  }

  @Test("A vmlinux is loaded by kexec_load and refused by kexec_file_load")
  func refusesFileLoadOfVmlinux() throws {
    let file = linux(VmlinuxBuilder().bytes)
    let image = try KernelImage.open(file)
    let request = LoadRequest(kernel: .init(path: "vmlinux", bytes: file))
    #expect(routes(for: request, on: guest(), image: image) == [Route(.segments, .imageType)])
    var asked = request
    asked.options.call = .file
    #expect(throws: PlanningError.notByFileCall(.elf64)) {
      try plan(asked, by: Route(.file, .asked), on: guest(), image: image)
    }
  }

  @Test("An ELF program that is not Linux gets ELF boot notes and is refused an initrd")
  func passesBootNotesToELFProgram() throws {
    for is64Bit in [false, true] {
      let file = SharedBytes(ELFBuilder(is64Bit: is64Bit).bytes())
      let assumed = try planned(file, on: guest())
      #expect(assumed.notes.contains(.bootNotesAssumed))
      let asked = try planned(file, on: guest()) {
        $0.options.arguments = .elfNotes
        $0.options.commandLine = "words"
      }
      #expect(!asked.notes.contains(.bootNotesAssumed))
      let load = try segments(of: asked)
      let block = try #require(load.segments.first { $0.role == .bootBlock })
      let bytes = block.bytes.array
      // On the stack of a 32-bit kernel: a return address of 0, and the address of the notes.
      #expect(bytes.loadField(Field<UInt32>(4096)) == 0)
      let notes = UInt64(bytes.loadField(Field<UInt32>(4100)))
      #expect(notes == block.destination.start.value + 4112)
      #expect(bytes.loadField(Field<UInt32>(4112)) == 0x0E1F_B007)
      #expect(Int(bytes.loadField(Field<UInt32>(4116))) == bytes.count - 4112)
      // "The ones' complement sum of all 16-bit words is all ones".
      let words = stride(from: 4112, to: bytes.count, by: 2).map {
        UInt32(bytes.loadField(Field<UInt16>($0)))
      }
      #expect(words.reduce(0) { (($0 + $1) & 0xFFFF) + (($0 + $1) >> 16) } == 0xFFFF)
      #expect(bytes.suffix(8).starts(with: Array("words".utf8)))
      #expect(load.kernelEntry.value == 0x10_0000)
      #expect(throws: PlanningError.initrdForOther) {
        try planned(file, on: guest()) {
          $0.options.arguments = PlanArguments.none
          $0.initrds = [KexecPlanningTests.file(1)]
        }
      }
    }
  }

  @Test("ELF parts that share a page are joined into one segment")
  func joinsPartsThatShareAPage() throws {
    let builder = ELFBuilder(is64Bit: false) { builder in
      builder.entry = 0x10_0010
      builder.parts = [
        .init(physical: 0x10_0010, memorySize: 0x20, bytes: [1, 2]),
        .init(physical: 0x10_0100, memorySize: 0x3000, bytes: [3, 4]),
        .init(physical: 0x10_3800, memorySize: 0x100, bytes: [5]),
      ]
    }
    let load = try segments(
      of: try planned(SharedBytes(builder.bytes()), on: guest()) {
        $0.options.arguments = PlanArguments.none
      }
    )
    let kernel = load.segments.filter { $0.role == .kernel }
    #expect(
      kernel.map(\.destination) == [physical(0x10_0000, 0x3000), physical(0x10_3000, 0x1000)])
    let first = kernel[0].bytes.array
    #expect(first.count == 0x102 && first[0x10] == 1 && first[0x11] == 2 && first[0x101] == 4)
    #expect(kernel[1].bytes.array == [UInt8](repeating: 0, count: 0x800) + [5])
  }

  /// Moving needs a copy of the file, the running kernel's copy, and 16 MiB.
  @Test(
    "A vmlinux is moved only when enough memory is available",
    arguments: [(UInt64(1) << 30, true), (17 << 20, false)])
  func movesVmlinuxOnlyWithEnoughMemory(available: UInt64, isMoved: Bool) throws {
    var machine = guest()
    machine.availableMemory = available
    let plan = try planned(SharedBytes(VmlinuxBuilder().bytes), on: machine)
    #expect(plan.notes.map(\.code).contains(.notMoved) == !isMoved, "\(plan.notes)")
    #expect((try segments(of: plan).virtualShift != nil) == isMoved)
  }

  /// Xen is recognised by its banner. On an EFI machine it would reset the machine; other kernels
  /// would not.
  @Test(
    "Xen by multiboot is refused on an EFI machine and accepted elsewhere",
    arguments: [(true, true), (true, false), (false, true), (false, false)])
  func refusesXenByMultibootOnEFI(isXen: Bool, isEFI: Bool) throws {
    var kernel = ELFBuilder(is64Bit: false).bytes(head: MultibootBuilder.header1(flags: 3))
    if isXen { kernel += Array("Xen version %d.%d%s (%s@%s)\0".utf8) }
    var machine = guest()
    if isEFI {
      machine.efi = TemporaryTree(["/sys/firmware/efi/systab": "ACPI20=0x1000\n"]).machine.efi
    }
    if isXen, isEFI {
      #expect(throws: PlanningError.xenByMultibootOnEFI) {
        try planned(SharedBytes(kernel), on: machine)
      }
    } else {
      #expect(throws: Never.self) { try planned(SharedBytes(kernel), on: machine) }
    }
  }

  @Test("A multiboot 1 kernel gets its command line, modules and memory map")
  func multiboot1WithModules() throws {
    let file = SharedBytes(
      ELFBuilder(is64Bit: false).bytes(head: MultibootBuilder.header1(flags: 3)))
    let load = try segments(
      of: try planned(file, on: guest()) {
        $0.options.commandLine = "a b"
        $0.modules = [
          .init(file: KexecPlanningTests.file(5000), text: "one 1"),
          .init(file: KexecPlanningTests.file(1), text: "two"),
        ]
      })
    let block = try #require(load.segments.first { $0.role == .bootBlock })
    let bytes = block.bytes.array
    let base = block.destination.start.value
    func word(_ offset: Int) -> UInt32 { bytes.loadField(Field(offset)) }
    func text(_ address: UInt32) -> String {
      let start = Int(UInt64(address) - base)
      return String(decoding: bytes[start...].prefix { $0 != 0 }, as: UTF8.self)
    }
    #expect(word(0) & 0b10_0100_1101 == 0b10_0100_1101)
    #expect(word(4) == 639)  // in KiB: RAM up to 0x9FC00, counted from 0
    #expect(word(8) == 0x5FEE_0000 >> 10)
    #expect(text(word(0x10)) == "kernel a b")
    #expect(word(0x14) == 2)
    let modules = Int(UInt64(word(0x18)) - base)
    let place = try place(of: .module(0), in: load)
    #expect(UInt64(word(modules)) == place.start.value)
    #expect(UInt64(word(modules + 4)) == place.start.value + 5000)
    #expect(text(word(modules + 8)) == "one 1" && text(word(modules + 24)) == "two")
    // Two ranges of RAM, in entries whose size field does not count itself.
    #expect(word(0x2C) == 48)
    let map = Int(UInt64(word(0x30)) - base)
    #expect(word(map) == 20 && word(map + 24 + 4) == 0x10_0000 && word(map + 24 + 20) == 1)
    #expect(base < 1 << 32 && place.end.value <= 1 << 32)
  }

  @Test("A multiboot 2 kernel gets tags for modules, memory map, RSDP and load address")
  func multiboot2GetsInformationTags() throws {
    let header = MultibootBuilder.header2(
      MultibootBuilder.tag(10, [0x1000_0000, 0x1FFF_FFFF, 0x20_0000, 2]))
    let file = SharedBytes(ELFBuilder(is64Bit: false).bytes(head: header))
    var machine = guest(ram: 0x1000...0x9_FBFF, 0x800_0000...0x5FFD_FFFF)
    machine.rsdpAddress = [UInt8](repeating: 0x52, count: 20)
    let plan = try planned(file, on: machine) {
      $0.modules = [.init(file: KexecPlanningTests.file(100), text: "m")]
    }
    let load = try segments(of: plan)
    // 1 MiB is not free, so the kernel goes as high as its header allows.
    let kernel = try place(of: .kernel, in: load)
    #expect(kernel == physical(0x1FE0_0000, 0x3000))
    #expect(load.kernelEntry.value == 0x1FE0_0000)
    let bytes = try #require(load.segments.first { $0.role == .bootBlock }).bytes.array
    #expect(Int(bytes.loadField(Field<UInt32>(0))) == bytes.count)
    var tags: [UInt32: Int] = [:]
    var position = 8
    while position < bytes.count {
      tags[bytes.loadField(Field(position))] = position
      position += (Int(bytes.loadField(Field<UInt32>(position + 4))) + 7) & ~7
    }
    #expect(Set(tags.keys) == [0, 1, 2, 3, 4, 6, 14, 21])
    #expect(bytes.loadField(Field<UInt32>((tags[21] ?? 0) + 8)) == 0x1FE0_0000)
    #expect(bytes.loadField(Field<UInt8>((tags[14] ?? 0) + 8)) == 0x52)
    let map = tags[6] ?? 0
    #expect(bytes.loadField(Field<UInt32>(map + 8)) == 24)
    #expect(bytes.loadField(Field<UInt64>(map + 16)) == 0x1000)
    #expect(try planned(file, on: guest()).notes.contains(.noRSDP))
  }

  @Test("A multiboot kernel linked below 1 MiB lies there, or is refused without low RAM")
  func placesMultibootKernelInLowMemory() throws {
    let builder = ELFBuilder(is64Bit: false) {
      $0.entry = 0x8200
      $0.parts = [.init(physical: 0x8200, memorySize: 0x6000, bytes: [0xF4])]
    }
    let file = SharedBytes(builder.bytes(head: MultibootBuilder.header1(flags: 0)))
    let load = try segments(of: try planned(file, on: guest()))
    #expect(try place(of: .kernel, in: load) == physical(0x8000, 0x7000))
    #expect(throws: PlanningError.self) {
      try planned(file, on: guest(ram: 0x10_0000...0x5FFD_FFFF))
    }
  }

  @Test("Options without effect on the type of the image are noted")
  func notesOptionsWithoutEffect() throws {
    let file = SharedBytes(ELFBuilder(is64Bit: true).bytes())
    let plan = try planned(file, on: guest()) {
      $0.options.arguments = .elfNotes
      $0.options.entry = .protected32
      $0.deviceTree = KexecPlanningTests.file(1)
    }
    #expect(
      plan.notes.prefix(2) == [
        .noEffectOnType(option: "--entry-32bit"), .noEffectOnType(option: "--dtb"),
      ])
    let other = try KexecPlanningTests.planned(by: .segments, on: guest()) {
      $0.options.arguments = PlanArguments.none
    }
    #expect(other.notes.contains(.noEffectOnType(option: "--args-none")))
  }

  typealias PlanArguments = LoadOptions.ArgumentStyle

  private func linux(_ bytes: [UInt8]) -> SharedBytes { SharedBytes(bytes) }

  private func planned(
    _ file: SharedBytes, on machine: Machine, _ change: (inout LoadRequest) -> Void = { _ in }
  ) throws -> LoadPlan {
    var request = LoadRequest(kernel: .init(path: "kernel", bytes: file))
    request.randomNumbers = .init(virtual: 3, physical: 0)
    let image = try KernelImage.open(file)
    if case .elf(let kernel) = image, kernel.headers.parts.count == 4 {
      request.options.arguments = .linux
    }
    change(&request)
    return try plan(
      request, by: Route(.segments, .imageType), on: machine, image: image)
  }

  private func segments(of plan: LoadPlan) throws -> SegmentLoad {
    let load = try plan.segmentLoad()
    return load
  }
}
