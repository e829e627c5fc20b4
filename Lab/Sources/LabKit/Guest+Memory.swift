import Foundation
import Glibc

extension Guest {
  /// Flips a bit of every copy of `pattern` in the guest's memory, from outside of the guest.
  ///
  /// Only the kernel knows in which pages a loaded image lies, but this computer sees the whole
  /// memory. Changing every copy changes the loaded one, whichever program loaded it.
  ///
  /// - Returns: the number of copies.
  public func changeMemory(wherever pattern: [UInt8]) throws -> Int {
    let places = try withMemory { memory in
      let places = memory.places(of: pattern)
      for place in places { memory[place] ^= 1 }
      return places
    }
    machine.log.write("lab", "changed \(places.count) copies of the pattern")
    return places.count
  }

  /// The physical addresses of the copies of `pattern` in the guest's memory, which must be smaller
  /// than 3 GiB.
  public func places(of pattern: [UInt8]) throws -> [UInt64] {
    try withMemory { $0.places(of: pattern).map(UInt64.init) }
  }

  /// The texts in the guest's memory from 16 KiB before to 16 KiB behind each copy of `text`, which is one of them: what
  /// printk has stored near it, without times.
  public func texts(around text: String) throws -> [String] {
    try withMemory { memory in
      memory.places(of: Array(text.utf8)).flatMap { place in
        memory[max(0, place - 16_384)..<min(memory.count, place + 16_384)].split {
          !(0x20...0x7E).contains($0)
        }.map { String(decoding: $0, as: UTF8.self) }
      }
    }
  }

  /// Reads `count` bytes of the guest's memory at a physical address.
  public func memory(at physical: UInt64, count: Int) throws -> [UInt8] {
    try withMemory { memory in
      let offset = offset(of: physical, in: memory.count)
      guard offset + count <= memory.count else { throw Failure("no memory at \(physical)") }
      return Array(memory[offset..<(offset + count)])
    }
  }

  /// Writes bytes at a physical address below 3 GiB, from outside of the guest.
  public func setMemory(at physical: UInt64, to bytes: [UInt8]) throws {
    try withMemory { memory in
      guard Int(physical) + bytes.count <= memory.count else {
        throw Failure("no memory at \(physical)")
      }
      memory.baseAddress?.advanced(by: Int(physical)).copyMemory(
        from: bytes, byteCount: bytes.count)
    }
  }

  /// Where the byte at a physical address is in the file of the memory, which has `size` bytes. A
  /// machine with more than 3.5 GiB has a hole from 3 to 4 GiB, which is not in the file.
  func offset(of physical: UInt64, in size: Int) -> Int {
    Int(physical) - (size > 0xE000_0000 && physical >= 1 << 32 ? 1 << 30 : 0)
  }

  /// Calls `body` with the guest's whole memory, which it must have been booted to share.
  func withMemory<Result>(
    _ body: (UnsafeMutableRawBufferPointer) throws -> Result
  ) throws -> Result {
    let file = open(machine.memoryFile, O_RDWR | O_CLOEXEC)
    guard file >= 0 else { throw Failure("this machine was not booted with sharesMemory") }
    defer { close(file) }
    let size = Int(lseek(file, 0, SEEK_END))
    guard let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
      memory != MAP_FAILED
    else { throw Failure("cannot map the guest's memory") }
    defer { munmap(memory, size) }
    return try body(UnsafeMutableRawBufferPointer(start: memory, count: size))
  }
}

extension UnsafeMutableRawBufferPointer {
  /// The offsets of all copies of `pattern`.
  fileprivate func places(of pattern: [UInt8]) -> [Int] {
    guard let base = baseAddress else { return [] }
    var places: [Int] = []
    var position = 0
    while let candidate = memchr(base + position, Int32(pattern[0]), count - position) {
      let start = candidate - base
      if start + pattern.count <= count, memcmp(candidate, pattern, pattern.count) == 0 {
        places.append(start)
      }
      position = start + 1
    }
    return places
  }
}
