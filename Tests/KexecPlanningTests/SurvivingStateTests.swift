import KexecABI
import ByteCoding
import KernelImages
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

/// What the next kernel must get from the running system: setup_data, and firmware's tables.
@Suite struct SurvivingStateTests {
  private static let directory = "/sys/kernel/boot_params/setup_data"

  private static func files(_ nodes: [(type: String, data: [UInt8])]) -> [String: [UInt8]] {
    var files = [
      "/proc/iomem": Array("00001000-0009fbff : System RAM\n00100000-3fffffff : System RAM\n".utf8)
    ]
    for (index, node) in nodes.enumerated() {
      files["\(directory)/\(index)/type"] = Array(node.type.utf8)
      files["\(directory)/\(index)/data"] = node.data
    }
    return files
  }

  private func bootBlock(
    _ builder: BzImageBuilder = BzImageBuilder(), on machine: Machine,
    _ change: (inout LoadRequest) -> Void = { _ in }
  ) throws -> (bytes: [UInt8], start: UInt64) {
    var request = LoadRequest(kernel: .init(path: "vmlinuz", bytes: builder.file))
    request.options.isFast = false
    change(&request)
    let plan = try plan(
      request, by: Route(.segments, .asked), on: machine,
      image: KernelImage.open(request.kernel.bytes))
    guard case .segments(let load) = plan.action,
      let block = load.segments.first(where: { $0.role == .bootBlock })
    else { throw NoBlock() }
    return (block.bytes.array, block.destination.start.value)
  }

  private struct NoBlock: Error {}

  private func nodes(_ block: (bytes: [UInt8], start: UInt64)) -> [SetupDataNode] {
    var nodes: [SetupDataNode] = []
    var next = block.bytes.loadField(Field<UInt64>(0x250))
    while next != 0 {
      let offset = Int(next - block.start)
      let count = Int(block.bytes.loadField(Field<UInt32>(offset + 12)))
      nodes.append(
        .init(
          type: block.bytes.loadField(Field<UInt32>(offset + 8)),
          data: Array(block.bytes[(offset + 16)..<(offset + 16 + count)])))
      next = block.bytes.loadField(Field<UInt64>(offset))
    }
    return nodes
  }

  /// Not the random seed, PCI ROMs, EFI tables that are made again, IMA's list, or unknown types.
  @Test("Only setup_data of types 2, 5, 6 and 7 is handed on to the next kernel")
  func handsOnMachineSetupData() throws {
    let given = (1...12).map { (type: "0x\(String($0, radix: 16))\n", data: [UInt8($0), 0xAA]) }
    let machine = TemporaryTree(bytes: Self.files(given)).machine
    let passed = try nodes(bootBlock(on: machine))
    #expect(passed == [2, 5, 6, 7].map { .init(type: $0, data: [UInt8($0), 0xAA]) })
  }

  /// The driver in /proc/fb, the type in screen_info, an option, and the type that the next kernel
  /// gets: that of the firmware's framebuffer only if it is still in use.
  @Test(
    "boot_params name firmware's framebuffer only if it is still in use or an option asks for it",
    arguments: [
      ("0 EFI VGA\n", 0x70, "", 0x70), ("0 simpledrmdrmfb\n", 0x70, "", 0x70), ("", 0x70, "", 0x70),
      ("0 VESA VGA\n", 0x23, "", 0x23), ("0 hyperv_fb\n", 0x70, "", 0),
      ("0 hyperv_fb\n", 0x23, "", 0),
      ("0 i915drmfb\n", 0x70, "", 0), ("0 xen\n", 0x70, "", 0),
      // Text mode is not a framebuffer, and the options pass on what was there.
      ("0 hyperv_fb\n", 0x22, "", 0x22), ("0 hyperv_fb\n", 0x70, "--reuse-video-type", 0x70),
      ("0 hyperv_fb\n", 0x70, "--reuse-console", 0x70),
    ] as [(String, UInt8, String, UInt8)])
  func handsOnFramebufferStillInUse(
    framebuffers: String, kind: UInt8, option: String, wanted: UInt8
  ) throws {
    var parameters = [UInt8](repeating: 0, count: 4096)
    // screen_info.orig_video_isVGA.
    parameters[0x0F] = kind
    var files = Self.files([])
    files["/proc/fb"] = Array(framebuffers.utf8)
    files["/sys/kernel/boot_params/data"] = parameters
    let block = try bootBlock(on: TemporaryTree(bytes: files).machine) {
      $0.options.reusesVideoType = option == "--reuse-video-type"
      $0.options.reusesConsole = option == "--reuse-console"
    }
    #expect(block.bytes[0x0F] == wanted)
  }

  private static let tree: [UInt8] =
    [0xD0, 0x0D, 0xFE, 0xED, 0, 0, 0, 44] + [UInt8](repeating: 7, count: 36)

  /// The user's tree comes before the running kernel's data. What follows the tree in its file is
  /// omitted.
  @Test("The user's device tree replaces the running kernel's and is cut to its stated size")
  func userDeviceTreeReplacesRunningOne() throws {
    let machine = TemporaryTree(bytes: Self.files([("0x2", [1]), ("0x5", [2])])).machine
    let block = try bootBlock(on: machine) {
      $0.deviceTree = .init(path: "t", bytes: SharedBytes(Self.tree + [1, 2, 3]))
    }
    #expect(nodes(block) == [.init(type: 5, data: [2]), .init(type: 2, data: Self.tree)])
  }

  @Test(
    "A device tree that is truncated or has a wrong magic number is refused",
    arguments: [
      ([], .truncated(needs: 40, has: 0)),
      (Array("FDT1".utf8), .notATree(found: 0x4644_5431)),
      (Array(tree.prefix(6)), .truncated(needs: 40, has: 6)),
      (Array(tree.prefix(43)), .truncated(needs: 44, has: 43)),
      (Array(tree.prefix(7)) + [1] + tree.prefix(8), .truncated(needs: 40, has: 16)),
    ] as [([UInt8], DeviceTreeError)])
  func refusesBadDeviceTrees(bytes: [UInt8], error: DeviceTreeError) {
    #expect(throws: PlanningError.deviceTree(path: "t", error)) {
      try bootBlock(on: TemporaryTree(bytes: Self.files([])).machine) {
        $0.deviceTree = .init(path: "t", bytes: SharedBytes(bytes))
      }
    }
  }

  /// Only kexec_load can pass a tree; the flags are for the running kernel's kexec_file_load.
  @Test("--dtb needs kexec_load, and kexec_file_load gets only the best-effort flags")
  func fileLoadGetsOnlyBestEffortFlags() throws {
    var request = LoadRequest(kernel: .init(path: "vmlinuz", bytes: BzImageBuilder().file))
    request.deviceTree = .init(path: "t", bytes: SharedBytes(Self.tree))
    let machine = TemporaryTree(bytes: Self.files([])).machine
    let image = try KernelImage.open(request.kernel.bytes)
    #expect(
      routes(for: request, on: machine, image: image) == [Route(.segments, .needed(by: ["--dtb"]))])
    for (noCMA, forceDTB, flags) in [
      (false, false, UInt(0)), (true, false, 0x10), (false, true, 0x20), (true, true, 0x30),
    ] {
      request.options.avoidsContiguousMemory = noCMA
      request.options.forcesDeviceTree = forceDTB
      let plan = try plan(request, by: Route(.file, .asked), on: machine, image: image)
      guard case .file(let load) = plan.action else { throw NoBlock() }
      #expect(load.bestEffortFlags == flags && load.flags == FileFlags.noInitramfs)
      #expect(plan.notes.contains(.noEffectOnFileCall("--dtb")))
    }
  }

  @Test("setup_data of a type above the next kernel's highest known type is left out")
  func omitsSetupDataUnknownToKernel() throws {
    let machine = TemporaryTree(bytes: Self.files([("0x2", [1]), ("0x6", [2])])).machine
    let old = BzImageBuilder { $0.highestSetupData = 5 }
    #expect(try nodes(bootBlock(old, on: machine)).map(\.type) == [2])
  }

  @Test("Memory that holds EFI tables is not free for segments")
  func keepsSegmentsOffEFITables() throws {
    var files = Self.files([])
    files["/sys/firmware/efi/fw_platform_size"] = Array("64".utf8)
    let free = try UsableMemory(
      of: TemporaryTree(bytes: files).machine, commandLine: .init(""))
    files["/dev/kmsg"] = Array("efi: MEMATTR=0x3dc7f018 RNG=0x3ffffff8 ESRT=0x90000000 ".utf8)
    let memory = try UsableMemory(
      of: TemporaryTree(bytes: files).machine, commandLine: .init(""))
    #expect(free.free.ranges.map(\.description) == ["0x100000-0x3fffffff"])
    #expect(
      memory.free.ranges.map(\.description) == ["0x100000-0x3dc7efff", "0x3dcbf000-0x3fffefff"])
    #expect(memory.map == free.map)
  }
}
