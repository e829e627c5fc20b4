import KexecPlanning
import LinuxSystem
import PhysicalMemory
import RunningSystem

/// The text is a `/proc/iomem`. After a line `%%` follow the entries of a firmware map, as lines
/// `START END TYPE`; each number is written as in its file in /sys/firmware/memmap.
func fuzzIOMemory(_ input: Input) -> Int32 {
  let parts = input.bytes.split(separator: UInt8(ascii: "%"), maxSplits: 1)
  let text = String(decoding: parts.first ?? [], as: UTF8.self)
  let live = IOMemory(text: text)
  _ = live.crashRegions
  checkOperations(input.bytes.suffix(32))
  checkSet(live.freeRAM)

  var machine = Machine.read(FileTree(root: "/nonexistent"))
  machine.ioMemory = live
  if parts.count > 1 {
    machine.firmwareMap = firmwareMap(String(decoding: parts[1], as: UTF8.self))
  }
  do throws(PlanningError) {
    checkMemory(try UsableMemory(of: machine, commandLine: .init("")), of: machine)
  } catch {
    expect(error == .noMemoryMap, "without RAM there is no map, and nothing else goes wrong")
  }
  return 0
}

private func firmwareMap(_ text: String) -> MemoryMap {
  MemoryMap(
    text.utf8.split(separator: UInt8(ascii: "\n")).compactMap { line in
      let words = String(line)?.split(separator: " ", maxSplits: 2) ?? []
      guard words.count == 3, let first = UInt64(cNumber: words[0]),
        let last = UInt64(cNumber: words[1]), let range = PhysicalRange(first: first, last: last)
      else { return nil }
      return MemoryMap.Entry(range, MemoryKind(kernelName: String(words[2])))
    })
}

/// Checks the invariants of a set of ranges.
private func checkSet(_ set: PhysicalRangeSet) {
  for range in set.ranges { expect(!range.isEmpty, "no range is empty") }
  for (lower, upper) in zip(set.ranges, set.ranges.dropFirst()) {
    expect(lower.end < upper.start, "ranges are sorted, and there is a gap between any two")
  }
}

private func checkMemory(_ memory: UsableMemory, of machine: Machine) {
  checkSet(memory.free)
  let ram = memory.map.ranges(of: .ram)
  for range in memory.free.ranges {
    expect(range.start.isAligned(to: pageSize) && range.end.isAligned(to: pageSize), "whole pages")
    expect(range.start.value >= 1 << 20, "nothing below 1 MiB")
  }
  checkInside(memory.free, ram, "free memory is RAM in the map")
  checkInside(memory.free, memory.map.undisputedRAM, "nothing else claims free memory")
  let live = machine.ioMemory
  let isLiveMapUsed = !live.isHidden && !live.memoryMap.ranges(of: .ram).ranges.isEmpty
  guard isLiveMapUsed else { return }
  let crash = live.resources.filter {
    $0.topLevelName == "System RAM" && $0.depth > 0 && $0.name.hasPrefix("Crash kernel")
  }
  let shared = memory.free.intersection(PhysicalRangeSet(crash.map(\.range)))
  expect(shared.ranges.isEmpty, "free memory is not the crash kernel's")
}

/// Checks that all of `part` is in `whole`, without the set operations that made both.
private func checkInside(_ part: PhysicalRangeSet, _ whole: PhysicalRangeSet, _ law: String) {
  var rest = whole.ranges[...]
  for range in part.ranges {
    rest = rest.drop { $0.end <= range.start }
    expect(rest.first?.contains(range) ?? false, law)
  }
}

/// Checks the set operations byte by byte on small sets: bit N of a number stands for byte N.
private func checkOperations(_ bytes: ArraySlice<UInt8>) {
  let half = bytes.count / 2
  let (left, right) = (bits(bytes.prefix(half)), bits(bytes.dropFirst(half)))
  let (one, other) = (set(left), set(right))
  expect(one.intersection(other) == set(zip(left, right).map { $0 && $1 }), "intersection")
  expect(one.subtracting(other) == set(zip(left, right).map { $0 && !$1 }), "subtraction")
}

private func bits(_ bytes: ArraySlice<UInt8>) -> [Bool] {
  var bits = [Bool](repeating: false, count: 128)
  for (index, byte) in bytes.prefix(16).enumerated() {
    for bit in 0..<8 { bits[8 * index + bit] = byte >> bit & 1 == 1 }
  }
  return bits
}

private func set(_ bits: [Bool]) -> PhysicalRangeSet {
  PhysicalRangeSet(
    bits.indices.lazy.filter { bits[$0] }.compactMap {
      PhysicalRange(first: UInt64($0), last: UInt64($0))
    })
}
