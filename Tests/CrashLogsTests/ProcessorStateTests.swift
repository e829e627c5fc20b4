import CrashDumps
import TestSupport
import Testing

@testable import CrashLogs

struct ProcessorStateTests {
  /// A note: the task's number, then the registers 1, 2, 3, …, with the stack pointer at `stack`.
  static func note(stack: UInt64) -> [UInt8] {
    var memory = KernelAddressSpaceFixture("")
    memory.tables = [(0, [UInt8](repeating: 0, count: 336))]
    memory.set(UInt32(4711), at: 32)
    for index in UInt64(0)..<27 { memory.set(index == 19 ? stack : index + 1, at: 112 + 8 * index) }
    return memory.tables[0].bytes
  }

  @Test("Registers and stack of a processor are read from its note")
  func readsRegistersAndStack() throws {
    var memory = KernelAddressSpaceFixture("")
    memory.tables = [(0xffff_c900_0000_0000, [UInt8](repeating: 0, count: 4096))]
    for index in UInt64(0)..<512 { memory.set(index, at: 0xffff_c900_0000_0000 + 8 * index) }
    let state = try #require(
      ProcessorState(note: Self.note(stack: 0xffff_c900_0000_0800), in: memory))
    #expect(state.task == 4711)
    #expect(state.registers.map(\.name).prefix(3) == ["r15", "r14", "r13"])
    #expect(state.registers.map(\.name).suffix(2) == ["fs", "gs"])
    #expect(state.instruction == 17)
    #expect(state.stackPointer == 0xffff_c900_0000_0800)
    #expect(state.stack == Array(256..<320))
  }

  @Test(arguments: [
    // Behind the last page there is nothing; a program's stack is not read; no stack is at an odd address.
    (0xffff_c900_0000_0ff0, 2), (0x7fff_0000_0000, 0), (0xffff_c900_0000_0801, 0),
    (0xffff_d000_0000_0000, 0),
  ])
  func readsOnlyTheStackThatIsThere(_ address: UInt64, _ count: Int) throws {
    var memory = KernelAddressSpaceFixture("")
    memory.tables = [
      (0xffff_c900_0000_0000, [UInt8](repeating: 1, count: 4096)),
      (0x7fff_0000_0000, [UInt8](repeating: 1, count: 4096)),
    ]
    let state = try #require(ProcessorState(note: Self.note(stack: address), in: memory))
    #expect(state.stack.count == count)
  }

  @Test("A note that is too short has no registers")
  func refusesAShortNote() {
    for count in [0, 32, 111, 112, 327] {
      let note = Array(Self.note(stack: 0)[..<count])
      #expect(ProcessorState(note: note, in: KernelAddressSpaceFixture("")) == nil)
    }
  }
}
