import ByteCoding
import PhysicalMemory
import Testing

@testable import BootProtocols

@Suite struct RealModePartTests {
  @Test("The real-mode part gets the setup header fields that the boot protocol requires")
  func writesRealModeHeaderFields() {
    var code = [UInt8](repeating: 0x5A, count: 0x1000)
    code[0x211] = 0x01
    let part = RealModePart(code: code, commandLine: Array("quiet".utf8))
    #expect(part.byteCount == 0xE006)
    let bytes = part.encode(
      at: PhysicalAddress(0x8_F000), kernel: PhysicalAddress(0x123_0000),
      initrd: PhysicalRange(
        start: PhysicalAddress(0x3000_0000), end: PhysicalAddress(0x3012_3456)))

    var wanted = code + [UInt8](repeating: 0, count: 0xD000)
    wanted += Array("quiet\0".utf8)
    for (offset, value) in [
      (0x1FA, [0xFF, 0xFF]),  // vid_mode: normal
      (0x210, [0xD0]),  // type_of_loader
      (0x211, [0x81]),  // loadflags: LOADED_HIGH, CAN_USE_HEAP
      (0x214, [0x00, 0x00, 0x23, 0x01]),  // code32_start
      (0x218, [0x00, 0x00, 0x00, 0x30]),  // ramdisk_image
      (0x21C, [0x56, 0x34, 0x12, 0x00]),  // ramdisk_size
      (0x224, [0x00, 0xDE]),  // heap_end_ptr
      (0x228, [0x00, 0xD0, 0x09, 0x00]),  // cmd_line_ptr
    ] as [(Int, [UInt8])] {
      wanted.replaceSubrange(offset..<(offset + value.count), with: value)
    }
    #expect(bytes == wanted)
  }

  @Test("The initrd fields of the real-mode header are zero without an initrd")
  func initrdFieldsAreZeroWithoutInitrd() {
    let part = RealModePart(code: .init(repeating: 0x5A, count: 0x400), commandLine: [])
    let bytes = part.encode(
      at: PhysicalAddress(0x1000), kernel: PhysicalAddress(0x10_0000), initrd: nil)
    #expect(bytes[0x218..<0x220].allSatisfy { $0 == 0 })
  }
}
