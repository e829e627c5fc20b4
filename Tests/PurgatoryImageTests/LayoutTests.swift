import ByteCoding
import CPurgatoryABI
import Testing

@testable import PurgatoryImage

/// The loader's offset tables, compared with the C header that the purgatory is compiled with.
@Suite struct LayoutTests {
  @Test("The offsets of the purgatory's parameters match the C header")
  func parameterOffsetsMatchCHeader() {
    typealias Swift = ParametersLayout
    typealias C = MemoryLayout<purgatory_parameters>
    #expect(Swift.magic.offset == C.offset(of: \.magic))
    #expect(Swift.version.offset == C.offset(of: \.version))
    #expect(Swift.flags.offset == C.offset(of: \.flags))
    #expect(Swift.entry.offset == C.offset(of: \.entry))
    #expect(Swift.rsi.offset == C.offset(of: \.rsi))
    #expect(Swift.rdi.offset == C.offset(of: \.rdi))
    #expect(Swift.registers == C.offset(of: \.registers))
    #expect(Swift.jumpBackText.offset == C.offset(of: \.jump_back_text))
    #expect(Swift.pageTables.offset == C.offset(of: \.page_tables))
    #expect(Swift.stackPointer.offset == C.offset(of: \.stack_pointer))
    #expect(Swift.entryMode.offset == C.offset(of: \.entry_mode))
    #expect(Swift.timestampText.offset == C.offset(of: \.timestamp_text))
    #expect(Swift.checksum.offset == C.offset(of: \.checksum))
    #expect(Swift.returnAddress.offset == C.offset(of: \.return_address))
    #expect(Swift.enteredAt.offset == C.offset(of: \.entered_at))
    #expect(Swift.checkedAt.offset == C.offset(of: \.checked_at))
    #expect(Swift.serialPort.offset == C.offset(of: \.serial_port))
    #expect(Swift.serialBaud.offset == C.offset(of: \.serial_baud))
    #expect(Swift.digestKind.offset == C.offset(of: \.digest_kind))
    #expect(Swift.regionCount.offset == C.offset(of: \.region_count))
    #expect(Swift.digest == C.offset(of: \.digest))
    #expect(Swift.regions == C.offset(of: \.regions))
    #expect(Swift.regions + Purgatory.regionLimit * Swift.regionSize == Swift.checksum.offset)
    #expect(Swift.regionSize == MemoryLayout<purgatory_region>.stride)
    #expect(Swift.regionStart.offset == MemoryLayout<purgatory_region>.offset(of: \.start))
    #expect(Swift.regionByteCount.offset == MemoryLayout<purgatory_region>.offset(of: \.byte_count))
  }

  @Test("The offsets of the purgatory's own header match the C header")
  func headerOffsetsMatchCHeader() {
    typealias C = MemoryLayout<purgatory_header>
    #expect(HeaderLayout.magic.offset == C.offset(of: \.magic))
    #expect(HeaderLayout.fileSize.offset == C.offset(of: \.file_size))
    #expect(HeaderLayout.memorySize.offset == C.offset(of: \.memory_size))
    #expect(HeaderLayout.verifyOffset.offset == C.offset(of: \.verify_offset))
  }

  @Test("The purgatory has a valid header, space for a stack and zeroed parameters")
  func blobIsSound() throws {
    let purgatory = Purgatory.x86_64
    let bytes = SharedBytes(purgatory.bytes)
    #expect(
      try bytes.span.load(HeaderLayout.magic, base: HeaderLayout.base) == UInt64(PURGATORY_MAGIC))
    #expect(purgatory.entryOffset == 0)
    #expect(purgatory.memorySize % 4096 == 0)
    // The variables and a stack of at least a page follow the bytes.
    #expect(purgatory.memorySize >= purgatory.bytes.count + 4096)
    #expect(purgatory.bytes.count < 0x5000, "did something big get linked in?")
    #expect(purgatory.verifyOffset > 0 && purgatory.verifyOffset < purgatory.bytes.count)
    let parameters = purgatory.bytes[ParametersLayout.base...]
      .prefix(MemoryLayout<purgatory_parameters>.size)
    #expect(parameters.allSatisfy { $0 == 0 })
  }
}
