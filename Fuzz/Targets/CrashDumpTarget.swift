import ByteCoding
import CrashDumps
import TestSupport

/// The first byte says what the others are: 0, the bytes of a dump; otherwise places in a dump that was made (1 ELF with
/// headers of 64 bits, 2 of 32 bits, 3 kdump-compressed, 4 flattened) and what is written there, 12 bytes each.
func fuzzCrashDump(_ input: Input) -> Int32 {
  guard let first = input.bytes.first, first < 5 else { return -1 }
  let rest = Array(input.bytes.dropFirst())
  guard first > 0 else { return read(SharedBytes(rest)) }
  var file = dumps[Int(first) - 1]
  for start in stride(from: 0, to: rest.count - 11, by: 12) {
    let patch = Array(rest[start..<(start + 12)])
    let place = Int(patch.loadField(Field<UInt32>(0))) % (file.count - 8)
    file.store(patch.loadField(Field<UInt64>(4)), as: Field<UInt64>(place))
  }
  return read(SharedBytes(file))
}

private func read(_ bytes: SharedBytes) -> Int32 {
  guard let image = try? CrashImage(RandomAccessFile(bytes)) else { return 0 }
  guard let found = try? Classification(image, level: .all) else { return 0 }
  let counts = found.tally.counts
  expect(
    counts.reduce(0, +) - found.tally.count(.notMemory) == image.frameCount,
    "each page of memory has one class")
  expect((found.zeroPages ?? 0) <= found.tally.count(.kept), "pages of zeros are kept pages")
  return 0
}

private let dumps: [[UInt8]] = {
  let memory = CrashImageBuilder { builder in
    builder.setFree(0x400, order: 10)
    builder.setFreeCounter(1024)
    builder.setList(1, [0x350, 0x360], count: 2)
    for frame in 0x310..<0x318 { builder.set(frame) { $0.mapping = 0x1001 } }
  }
  var narrow = memory
  narrow.is64Bit = false
  let compressed = CompressedDumpBuilder(memory).bytes
  return [
    memory.bytes, narrow.bytes, compressed, CompressedDumpBuilder.flatten(compressed, size: 5000),
  ]
}()
