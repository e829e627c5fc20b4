import KexecABI
import ByteCoding
import Compression
import Digests
import KernelImages
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

@Suite struct FastJumpTests {
  /// The segments fill the kernel's memory without a gap, and the entry is that of the ELF file.
  @Test(
    "The unpacked kernel fills its space without a gap and is entered at its ELF entry",
    arguments: [storedGzip(VmlinuxBuilder().bytes), payload(zstd: VmlinuxBuilder().bytes)])
  func entersTheUnpackedKernel(payload: [UInt8]) throws {
    let plan = try planned(packed(payload), by: .segments, on: guest()) {
      $0.randomNumbers = .init(virtual: 3, physical: 5)
    }
    let load = try segments(of: plan)
    #expect(
      load.segments.map(\.role)
        == [.kernel, .kernel, .kernel, .kernel, .purgatory, .bootBlock])
    let kernel = load.segments.prefix(4)
    let start = try #require(kernel.first).destination.start.value
    // The lowest address is 16 MiB; the sixth is 10 MiB above it.
    #expect(start == 0x1A0_0000)
    #expect(load.kernelEntry.value == start + 0x40)
    #expect(
      kernel.map { $0.destination.start.value - start } == [0, 0x20_0000, 0x30_0000, 0x30_1000])
    #expect(kernel.map { $0.destination.end.value - start }.last == 0x3F_1000)
    for (lower, upper) in zip(kernel, kernel.dropFirst()) {
      #expect(lower.destination.end == upper.destination.start)
    }
    // The virtual base plus 3 * 2 MiB, whatever the physical address is.
    let builder = VmlinuxBuilder()
    #expect(kernel.map(\.bytes.count) == builder.parts.map(\.bytes.count))
    let text = kernel[0].bytes.array
    #expect(text.loadField(Field<UInt64>(0x10)) == 0xFFFF_FFFF_8180_0000)
    #expect(text.loadField(Field<UInt32>(0x20)) == 0x1FA0_0000)
    #expect(text.loadField(Field<UInt32>(0x30)) == 0x8180_0040)
    #expect(kernel[2].bytes.array == builder.parts[2].bytes)
    #expect(try isRandomised(load))
    #expect(plan.notes.contains(.unpacked(format: payload[0] == 0x1F ? "gzip" : "zstd")))
    #expect(!plan.notes.contains(.noRandomAddress))
  }

  struct Randomness: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var numbers: LoadRequest.RandomNumbers? = .init(virtual: 7, physical: 0)
    var commandLine = "quiet"
    var change: @Sendable (inout BzImageBuilder) -> Void = { _ in }
    var lists: [[UInt64]]?
    /// The shift of virtual addresses, the kernel's start, and whether there is a note that the
    /// addresses are not random.
    let wanted: (shift: UInt64, start: UInt64, isNoted: Bool)
    var isRandomised = false
  }

  /// The highest address for 0x3F1000 bytes in RAM that ends at 0x5FFE0000.
  private static let highest: UInt64 = 0x5FA0_0000

  static let randomness: [Randomness] = [
    Randomness(
      testDescription: "random", wanted: (7 << 21, 0x100_0000, false), isRandomised: true),
    Randomness(
      testDescription: "no shift by chance", numbers: .init(virtual: 0, physical: 0),
      wanted: (0, 0x100_0000, false), isRandomised: true),
    // 502 slots: (2^30 - 0x13F1000) / 2 MiB + 1
    Randomness(
      testDescription: "any number", numbers: .init(virtual: 503 * 9 + 502, physical: 0),
      wanted: (502 << 21, 0x100_0000, false), isRandomised: true),
    Randomness(testDescription: "nokaslr", commandLine: "x nokaslr", wanted: (0, highest, false)),
    Randomness(testDescription: "no table", lists: [], wanted: (0, 0x100_0000, true)),
    Randomness(
      testDescription: "not relocatable", change: { $0.isRelocatable = false },
      wanted: (0, 0x100_0000, true)),
  ]

  @Test(
    "Random numbers move the kernel unless nokaslr or the kernel itself prevents it",
    arguments: randomness)
  func choosesRandomAddresses(row: Randomness) throws {
    let builder = BzImageBuilder {
      $0.payload = storedGzip(VmlinuxBuilder { $0.lists = row.lists ?? $0.lists }.bytes)
      row.change(&$0)
    }
    // No other segment is above the kernel.
    let plan = try planned(builder, by: .segments, on: guest()) {
      $0.randomNumbers = row.numbers
      $0.options.commandLine = row.commandLine
      $0.randomSeed = [UInt8](repeating: 1, count: 32)
    }
    let load = try segments(of: plan)
    #expect(try isRandomised(load) == row.isRandomised)
    #expect(plan.notes.contains(.noRandomAddress) == row.wanted.isNoted)
    #expect(plan.notes.contains(.unpacked(format: "gzip")))
    let kernel = try #require(load.segments.first { $0.role == .kernel })
    #expect(kernel.destination.start.value == row.wanted.start)
    #expect(
      kernel.bytes.array.loadField(Field<UInt64>(0x10)) == VmlinuxBuilder.data + row.wanted.shift)
  }

  @Test("Every random virtual shift is a multiple of 2 MiB and keeps the kernel within 1 GiB")
  func virtualShiftStaysWithin1GiB() throws {
    for number in [0, 1, 250, 501, 502, 503, .max] as [UInt64] {
      let load = try segments(packed(), on: guest()) {
        $0.randomNumbers = .init(virtual: number, physical: 0)
      }
      let kernel = try #require(load.segments.first { $0.role == .kernel })
      let shift = kernel.bytes.array.loadField(Field<UInt64>(0x10)) - VmlinuxBuilder.data
      #expect(shift % 0x20_0000 == 0 && 0x13F_1000 + shift <= 1 << 30)
    }
  }

  // MARK: The ordinary entry

  struct Reason: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let reason: OrdinaryEntryReason
    let builder: @Sendable () -> BzImageBuilder
    let machine: @Sendable (inout Machine) -> Void
    let request: @Sendable (inout LoadRequest) -> Void

    init(
      _ name: String, _ reason: OrdinaryEntryReason,
      _ builder: @autoclosure @escaping @Sendable () -> BzImageBuilder = packed(),
      machine: @escaping @Sendable (inout Machine) -> Void = { _ in },
      request: @escaping @Sendable (inout LoadRequest) -> Void = { _ in }
    ) {
      testDescription = name
      self.reason = reason
      self.builder = builder
      self.machine = machine
      self.request = request
    }
  }

  static let reasons: [Reason] = [
    Reason("--no-fast", .switchedOff, request: { $0.options.isFast = false }),
    // The next kernel's own decompressor may find random numbers.
    Reason("no random numbers yet", .noRandomNumbers, request: { $0.randomNumbers = nil }),
    Reason("no payload", .noPayload, packed([])),
    Reason("only a size", .noPayload, packed([0, 0, 0, 1])),
    Reason("before 2.08", .noPayload, BzImageBuilder { ($0.version, $0.payload) = (0x020C, []) }),
    Reason("unknown compression", .unknownCompression, packed(Array("what is this?".utf8))),
    Reason("a flipped bit", .badPayload("gzip"), packed(flipped(storedGzip(kernel), at: 0x200))),
    Reason("cut off", .badPayload("gzip"), packed(Array(storedGzip(kernel).dropLast(9)))),
    Reason("a size too small", .badPayload("zstd"), packed(claiming(kernel.count - 1))),
    Reason("a size too large", .badPayload("zstd"), packed(claiming(kernel.count + 1))),
    Reason("no size", .badPayload("zstd"), packed(claiming(0))),
    Reason(
      "a dictionary of 4 GiB", .cannotUnpack(.windowTooLarge(.xz)),
      packed(demanding(.xzLargeDictionary))),
    Reason(
      "an unknown filter", .cannotUnpack(.unsupported(.xz, inputOffset: 28)),
      packed(demanding(.xzUnknownFilter))),
    Reason("4 GiB", .badPayload("zstd"), packed(claiming(0xFFFF_FFFF))),
    Reason(
      "no ELF", .notUnderstood(.notELF64), packed(storedGzip([UInt8](repeating: 1, count: 99)))),
    Reason("nothing", .notUnderstood(.truncated), packed(storedGzip([]))),
    Reason(
      "an ELF file cut off", .notUnderstood(.truncated), packed(storedGzip(Array(kernel[..<900])))),
    Reason(
      "a relocation outside",
      .notUnderstood(.relocationOutside(offset: 0xA24, address: 0xFFFF_FFFF_8000_0000)),
      linked { $0.lists[0][0] = 0xFFFF_FFFF_8000_0000 }),
    Reason("one list", .notUnderstood(.relocationLists(1)), linked { $0.lists = [$0.lists[0]] }),
    Reason(
      "linked where it would stop", .notUnderstood(.otherWindow),
      linked { ($0.parts[0].physical, $0.entry) = (0x100_1000, 0x100_1040) }),
    Reason(
      "LA57 and no5lvl", .fiveLevelPaging, machine: { $0.usesFiveLevelPaging = true },
      request: { $0.options.commandLine = "no5lvl" }),
    Reason("SEV or TDX", .encryptedMemory, machine: { $0.mayHaveEncryptedMemory = true }),
    Reason("unaccepted memory", .unacceptedMemory, machine: { $0.hasUnacceptedMemory = true }),
    Reason(
      "little memory",
      .littleMemory(
        needed: UInt64(kernel.count) + 0x337_8000 + 5000 + 16 << 20, available: 67 << 20),
      machine: { $0.availableMemory = 67 << 20 }, request: { $0.initrds = [file(5000)] }),
  ]

  @Test(
    "The ordinary entry is used and its reason noted when the fast jump is off or impossible",
    arguments: reasons)
  func fallsBackToOrdinaryEntry(row: Reason) throws {
    var machine = guest()
    row.machine(&machine)
    let plan = try planned(row.builder(), by: .segments, on: machine) {
      $0.randomNumbers = .init(virtual: 1, physical: 1)
      row.request(&$0)
    }
    #expect(plan.notes.filter(\.isAboutTheKernel) == [.ordinaryEntry(row.reason)])
    let load = try segments(of: plan)
    let kernels = load.segments.filter { $0.role == .kernel }
    #expect(kernels.count == 1)
    #expect(kernels[0].destination.byteCount == 0x337_8000)
    #expect(load.kernelEntry.value == kernels[0].destination.start.value + 0x200)
    #expect(try !isRandomised(load))
  }

  @Test("The kernel is unpacked when the number of paging levels need not change")
  func unpacksWhenPagingLevelsMatch() throws {
    var machine = guest()
    machine.usesFiveLevelPaging = true
    let plan = try planned(packed(), by: .segments, on: machine)
    #expect(plan.notes.contains(.unpacked(format: "gzip")))
    machine.usesFiveLevelPaging = false
    let other = try planned(packed(), by: .segments, on: machine) {
      $0.options.commandLine = "no5lvl"
    }
    #expect(other.notes.contains(.unpacked(format: "gzip")))
  }

  @Test("The kernel is unpacked with just enough available memory and not with a byte less")
  func unpacksWithJustEnoughMemory() throws {
    var machine = guest()
    machine.availableMemory = UInt64(kernel.count) + 0x337_8000 + 16 << 20
    #expect(
      try planned(packed(), by: .segments, on: machine).notes.contains(.unpacked(format: "gzip")))
    machine.availableMemory? -= 1
    #expect(
      try !planned(packed(), by: .segments, on: machine).notes.contains(.unpacked(format: "gzip")))
  }

  // MARK: Digests

  @Test(
    "The purgatory holds the chosen digest of the kernel, boot_params and initrd",
    arguments: [DigestKind.komihash, .sha256, .none])
  func purgatoryHoldsChosenDigest(kind: DigestKind) throws {
    let load = try segments(packed(), on: guest()) {
      $0.options.digest = kind
      $0.initrds = [file(5000)]
    }
    #expect(load.digest == kind)
    var komihash = Komihash()
    var sha256 = SHA256()
    // The digest of these segments in this order is in the purgatory.
    for role in [PlannedSegment.Role.kernel, .bootBlock, .initrd(0)] {
      for segment in load.segments where segment.role == role {
        komihash.update(segment.bytes.span)
        sha256.update(segment.bytes.span)
      }
    }
    let short = komihash.finish()
    let long = sha256.finish()
    let purgatory = try #require(load.segments.first { $0.role == .purgatory }).bytes.array
    let hasShort = purgatory.contains(
      (0..<8).map { UInt8(truncatingIfNeeded: short >> (56 - 8 * $0)) })
    #expect(hasShort == (kind == .komihash))
    #expect(purgatory.contains(long.indices.map { long[$0] }) == (kind == .sha256))
  }
}

// MARK: Kernels

private let kernel = VmlinuxBuilder().bytes

/// The kernel in such a stream, followed by its size.
@Sendable private func demanding(_ stream: DemandingStream) -> [UInt8] {
  stream.bytes(of: kernel) + (0..<4).map { UInt8(truncatingIfNeeded: kernel.count >> (8 * $0)) }
}

@Sendable private func packed(_ payload: [UInt8] = storedGzip(kernel)) -> BzImageBuilder {
  BzImageBuilder { $0.payload = payload }
}

@Sendable private func linked(_ change: (inout VmlinuxBuilder) -> Void) -> BzImageBuilder {
  packed(storedGzip(VmlinuxBuilder(change).bytes))
}

private func flipped(_ bytes: [UInt8], at offset: Int) -> [UInt8] {
  var bytes = bytes
  bytes[offset] ^= 1
  return bytes
}

/// The kernel as zstd, with a stated size of `size` bytes.
private func claiming(_ size: Int) -> [UInt8] {
  var payload = storedZstd(kernel)
  payload.append(littleEndian: UInt64(size), count: 4)
  return payload
}

private func segments(of plan: LoadPlan) throws -> SegmentLoad {
  let load = try plan.segmentLoad()
  return load
}

/// KASLR_FLAG, bit 1 of loadflags.
private func isRandomised(_ load: SegmentLoad) throws -> Bool {
  let block = try #require(load.segments.first { $0.role == .bootBlock })
  return block.bytes.array[0x211] & 2 != 0
}

extension PlanNote {
  fileprivate var isAboutTheKernel: Bool {
    switch self {
    case .unpacked, .ordinaryEntry, .noRandomAddress: true
    default: false
    }
  }
}
