import KexecPlanning
import LinuxSystem
import PhysicalMemory
import RunningSystem

/// The text is a `/proc/iomem`; behind a line `%%` come the lines `START END TYPE` of a firmware
/// map, each number as its file below /sys/firmware/memmap would hold it.
func fuzzIOMemory(_ input: Input) -> Int32 {
  let parts = input.bytes.split(separator: UInt8(ascii: "%"), maxSplits: 1)
  let text = String(decoding: parts.first ?? [], as: UTF8.self)
  let live = IOMemory(text: text)
  _ = live.crashRegions
  checkSet(live.freeRAM)

  var machine = Machine.read(FileTree(root: "/nonexistent"))
  machine.ioMemory = live
  if parts.count > 1 {
    machine.firmwareMap = firmwareMap(String(decoding: parts[1], as: UTF8.self))
  }
  do throws(PlanningError) {
    checkMemory(try UsableMemory(of: machine), of: machine)
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

/// The laws of a set of ranges.
private func checkSet(_ set: PhysicalRangeSet) {
  for range in set.ranges { expect(!range.isEmpty, "no range is empty") }
  for (lower, upper) in zip(set.ranges, set.ranges.dropFirst()) {
    expect(lower.end < upper.start, "ranges are sorted, and there is a gap between any two")
  }
}

private func checkMemory(_ memory: UsableMemory, of machine: Machine) {
  checkSet(memory.free)
  let firmware = machine.firmwareMap?.ranges(of: .ram) ?? PhysicalRangeSet()
  for range in memory.free.ranges {
    expect(range.start.isAligned(to: pageSize) && range.end.isAligned(to: pageSize), "whole pages")
    expect(range.start.value >= 1 << 20, "nothing below 1 MiB")
    expect(memory.map.ranges(of: .ram).contains(range), "free memory is RAM in the map")
    expect(firmware.ranges.isEmpty || firmware.contains(range), "and RAM by firmware")
    for entry in memory.map.entries where entry.kind != .ram {
      expect(!entry.range.overlaps(range), "nothing else claims free memory")
    }
    guard !machine.ioMemory.isHidden, machine.ioMemory.memoryMap.entries.count > 0 else { continue }
    for resource in machine.ioMemory.resources where resource.name.hasPrefix("Crash kernel") {
      expect(
        resource.topLevelName != "System RAM" || !resource.range.overlaps(range)
          || machine.ioMemory.memoryMap.ranges(of: .ram).ranges.isEmpty,
        "free memory is not the crash kernel's")
    }
  }
}
