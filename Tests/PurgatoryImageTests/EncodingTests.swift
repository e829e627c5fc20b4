import ByteCoding
import CPurgatoryABI
import Testing

@testable import PurgatoryImage

@Suite struct EncodingTests {
  private let purgatory = Purgatory.x86_64

  @Test("The purgatory's parameters are written at their offsets and nothing else changes")
  func writesParametersAtTheirOffsets() throws {
    let parameters = PurgatoryParameters(
      entry: .long(address: 0x1_0000_0200, rsi: 0x9_0000, rdi: 0x5),
      digest: .sha256(Array(0..<32)),
      regions: [.init(start: 0x10_0000, byteCount: 0x1234), .init(start: 0x20_0000, byteCount: 0)],
      serial: .init(port: 0x2f8, baud: 115200), greets: true)
    let blob = try purgatory.encode(parameters)
    #expect(blob.count == purgatory.bytes.count)

    let bytes = SharedBytes(blob)
    let base = ParametersLayout.base
    func value<Value>(_ field: Field<Value>) throws -> Value {
      try bytes.span.load(field, base: base)
    }
    #expect(try value(ParametersLayout.magic) == UInt64(PURGATORY_MAGIC))
    #expect(try value(ParametersLayout.version) == UInt32(PURGATORY_VERSION))
    #expect(try value(ParametersLayout.flags) == 1)
    #expect(try value(ParametersLayout.entry) == 0x1_0000_0200)
    #expect(try value(ParametersLayout.entryMode) == 0)
    #expect(try value(ParametersLayout.rsi) == 0x9_0000)
    #expect(try value(ParametersLayout.rdi) == 0x5)
    #expect(try value(ParametersLayout.serialPort) == 0x2f8)
    #expect(try value(ParametersLayout.serialBaud) == 115200)
    #expect(try value(ParametersLayout.digestKind) == 1)
    #expect(try value(ParametersLayout.regionCount) == 2)
    #expect(Array(blob[(base + ParametersLayout.digest)...].prefix(32)) == Array(0..<32))
    #expect(
      Array(blob[(base + ParametersLayout.regions)...].prefix(16)) == [
        0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00,  // start
        0x34, 0x12, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  // byte count
      ])

    // Only the parameters may differ from the blob.
    let end = base + MemoryLayout<purgatory_parameters>.size
    #expect(blob[..<base] == purgatory.bytes[..<base])
    #expect(blob[end...] == purgatory.bytes[end...])
  }

  @Test("32-bit registers are stored in the order in which popal takes them")
  func orders32BitRegistersForPop() throws {
    let registers = PurgatoryParameters.Registers32(
      eip: 0x10_0000, eax: 0xA, ebx: 0xB, ecx: 0xC, edx: 0xD, esi: 0x51, edi: 0xD1, ebp: 0xBB,
      esp: 0x55)
    let parameters = PurgatoryParameters(entry: .protected32(registers))
    let blob = try purgatory.encode(parameters)
    let base = ParametersLayout.base
    let bytes = SharedBytes(blob)
    #expect(try bytes.span.load(ParametersLayout.entryMode, base: base) == 1)
    #expect(try bytes.span.load(ParametersLayout.entry, base: base) == 0x10_0000)
    #expect(
      Array(blob[(base + ParametersLayout.registers)...].prefix(32)) == [
        0xD1, 0, 0, 0,  // edi
        0x51, 0, 0, 0,  // esi
        0xBB, 0, 0, 0,  // ebp
        0x55, 0, 0, 0,  // esp
        0x0B, 0, 0, 0,  // ebx
        0x0D, 0, 0, 0,  // edx
        0x0C, 0, 0, 0,  // ecx
        0x0A, 0, 0, 0,  // eax
      ])
  }

  @Test("A real-mode entry is stored as a segment and a stack pointer")
  func encodesRealModeEntry() throws {
    let parameters = PurgatoryParameters(entry: .realMode(segment: 0x8F00, stackPointer: 0xE000))
    let blob = try purgatory.encode(parameters)
    let base = ParametersLayout.base
    let bytes = SharedBytes(blob)
    #expect(try bytes.span.load(ParametersLayout.entryMode, base: base) == 2)
    #expect(try bytes.span.load(ParametersLayout.entry, base: base) == 0x8_F200)
    let registers = Array(blob[(base + ParametersLayout.registers)...].prefix(32))
    #expect(registers[12..<16] == [0x00, 0xE0, 0, 0])  // esp
    #expect(registers[28..<32] == [0x00, 0x8F, 0, 0])  // eax
    #expect(registers.filter { $0 != 0 }.count == 2)
  }

  @Test("An entry with 4-level page tables stores their address in EAX")
  func encodesFourLevelEntry() throws {
    let parameters = PurgatoryParameters(
      entry: .fourLevels(address: 0x100_0040, rsi: 0x9000, pageTables: 0x7000))
    let bytes = SharedBytes(try Purgatory.x86_64.encode(parameters))
    let base = ParametersLayout.base
    #expect(try bytes.span.load(ParametersLayout.entryMode, base: base) == 4)
    #expect(try bytes.span.load(ParametersLayout.entry, base: base) == 0x100_0040)
    #expect(try bytes.span.load(ParametersLayout.rsi, base: base) == 0x9000)
    // popal loads EAX last.
    #expect(try bytes.span.load(UInt32.self, at: base + ParametersLayout.registers + 28) == 0x7000)
  }

  @Test("A return to the old kernel stores its address, page tables and text address")
  func encodesReturnWithPageTables() throws {
    let parameters = PurgatoryParameters(
      entry: .back(address: 0xA1_10F2, pageTables: 0x7000), jumpBackText: 0x9000)
    let bytes = SharedBytes(try purgatory.encode(parameters))
    let base = ParametersLayout.base
    #expect(try bytes.span.load(ParametersLayout.entryMode, base: base) == 3)
    #expect(try bytes.span.load(ParametersLayout.entry, base: base) == 0xA1_10F2)
    #expect(try bytes.span.load(ParametersLayout.pageTables, base: base) == 0x7000)
    #expect(try bytes.span.load(ParametersLayout.jumpBackText, base: base) == 0x9000)
  }

  @Test("A komihash is stored in big-endian order")
  func storesKomihashBigEndian() throws {
    let parameters = PurgatoryParameters(
      entry: .long(address: 1, rsi: 2), digest: .komihash(0x0123_4567_89ab_cdef),
      timestampText: 0x12_3456)
    let bytes = SharedBytes(try purgatory.encode(parameters))
    let base = ParametersLayout.base
    #expect(try bytes.span.load(ParametersLayout.digestKind, base: base) == 2)
    #expect(try bytes.span.load(ParametersLayout.timestampText, base: base) == 0x12_3456)
    let digest = try (0..<9).map { index in
      try bytes.span.load(UInt8.self, at: base + ParametersLayout.digest + index)
    }
    #expect(digest == [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x00])
  }

  @Test("Each option of the purgatory sets its own flag")
  func setsRequestedFlags() throws {
    func flags(_ parameters: PurgatoryParameters) throws -> UInt32 {
      try SharedBytes(purgatory.encode(parameters)).span.load(
        ParametersLayout.flags, base: ParametersLayout.base)
    }
    #expect(try flags(.init(entry: .long(address: 1, rsi: 2))) == 0)
    #expect(try flags(.init(entry: .long(address: 1, rsi: 2), greets: true)) == 1)
    #expect(try flags(.init(entry: .long(address: 1, rsi: 2), resetsVGA: true)) == 2)
    #expect(try flags(.init(entry: .long(address: 1, rsi: 2), usesVGA: true)) == 4)
    #expect(try flags(.init(entry: .long(address: 1, rsi: 2), usesInstructions: false)) == 8)
  }

  @Test("Too many regions, impossible regions and a wrong digest length are refused")
  func refusesInvalidParameters() {
    var parameters = PurgatoryParameters(entry: .long(address: 1, rsi: 2))
    parameters.regions = Array(repeating: .init(start: 1, byteCount: 1), count: 17)
    #expect(throws: PurgatoryError.tooManyRegions(found: 17, limit: 16)) {
      try purgatory.encode(parameters)
    }
    parameters.regions = []
    parameters.digest = .sha256([1, 2, 3])
    #expect(throws: PurgatoryError.wrongDigestLength(found: 3, wanted: 32)) {
      try purgatory.encode(parameters)
    }
    parameters.digest = .none
    parameters.timestampText = .max - 31
    #expect(throws: PurgatoryError.impossibleRegion(.init(start: .max - 31, byteCount: 33))) {
      try purgatory.encode(parameters)
    }
    parameters.timestampText = nil
    for region in [
      PurgatoryParameters.Region(start: 0, byteCount: 1),
      PurgatoryParameters.Region(start: .max, byteCount: 1),
    ] {
      parameters.regions = [region]
      #expect(throws: PurgatoryError.impossibleRegion(region)) { try purgatory.encode(parameters) }
    }
  }
}
