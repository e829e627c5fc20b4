internal import ByteCoding
package import CrashDumps

/// What a processor left when the kernel crashed: its registers, and what its stack held.
package struct ProcessorState: Equatable, Sendable {
  /// The number of the task that ran there.
  package let task: UInt32
  /// The registers of x86_64, in the order of the note.
  package let registers: [(name: String, value: UInt64)]
  /// The words from the stack pointer up; empty where the stack was a program's, or is not in the dump.
  package let stack: [UInt64]

  /// The address of the next instruction.
  package var instruction: UInt64 { registers[Self.instructionIndex].value }
  /// The stack pointer: where `stack` starts.
  package var stackPointer: UInt64 { registers[Self.stackIndex].value }

  /// Reads the note of a processor. Corresponds to `struct elf_prstatus` of x86_64.
  ///
  /// - Returns: nil if the note is too short.
  package init?<Memory: KernelAddressSpace>(note: [UInt8], in memory: Memory) {
    let note = note[...]
    guard let task: UInt32 = note.integer(at: 32) else { return nil }
    self.task = task
    var registers: [(name: String, value: UInt64)] = []
    for (index, name) in Self.names.enumerated() {
      guard let value: UInt64 = note.integer(at: 112 + 8 * index) else { return nil }
      registers.append((name, value))
    }
    self.registers = registers
    stack = Self.words(of: memory, at: registers[Self.stackIndex].value)
  }

  package static func == (first: ProcessorState, second: ProcessorState) -> Bool {
    first.task == second.task && first.stack == second.stack
      && first.registers.elementsEqual(second.registers) {
        $0.name == $1.name && $0.value == $1.value
      }
  }

  /// At most 64 words, as many as the dump has.
  private static func words<Memory: KernelAddressSpace>(
    of memory: Memory, at address: UInt64
  ) -> [UInt64] {
    // The upper half is the kernel's. Stacks are aligned to words.
    guard address >= 1 << 63, address & 7 == 0 else { return [] }
    var count = 512
    while count >= 8 {
      do throws(CrashImageError) {
        let bytes = try memory.bytes(at: address, count: count)[...]
        return (0..<(bytes.count / 8)).compactMap { bytes.integer(at: 8 * $0) }
      } catch {
        // The next page may be missing.
        let inPage = Int(4096 - (address & 4095))
        count = count > inPage ? inPage : 0
      }
    }
    return []
  }

  /// The order of `struct user_regs_struct`.
  private static let names = [
    "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx", "rsi",
    "rdi", "orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base", "ds", "es", "fs",
    "gs",
  ]
  private static var instructionIndex: Int { 16 }
  private static var stackIndex: Int { 19 }
}
