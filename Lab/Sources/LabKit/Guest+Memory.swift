import Foundation
import Glibc

extension Guest {
  /// Flips a bit of every copy of `pattern` in the guest's memory, behind the guest's back.
  ///
  /// A loaded image lies in pages all over the memory, where only the kernel knows; but this computer
  /// sees all of them. Changing every copy changes the loaded one among them, with any program.
  ///
  /// - Returns: how many copies there were.
  public func changeMemory(wherever pattern: [UInt8]) throws -> Int {
    let file = open(machine.memoryFile, O_RDWR | O_CLOEXEC)
    guard file >= 0 else { throw Failure("this machine was not booted with sharesMemory") }
    defer { close(file) }
    let size = Int(lseek(file, 0, SEEK_END))
    guard let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
      memory != MAP_FAILED
    else { throw Failure("cannot map the guest's memory") }
    defer { munmap(memory, size) }

    var count = 0
    var position = 0
    while let candidate = memchr(memory + position, Int32(pattern[0]), size - position) {
      let start = candidate - memory
      if start + pattern.count <= size, memcmp(candidate, pattern, pattern.count) == 0 {
        candidate.assumingMemoryBound(to: UInt8.self).pointee ^= 1
        count += 1
      }
      position = start + 1
    }
    machine.log.write("lab", "changed \(count) copies of the pattern")
    return count
  }
}
