import TestSupport

/// `count` bytes, some of which compress well, some not at all, and some of which are zeros.
func mixedData(_ count: Int) -> [UInt8] {
  var generator = SplitMix(seed: UInt64(count))
  var block: [UInt8] = []
  for _ in 0..<1024 {
    switch generator.next() % 4 {
    case 0: block += [UInt8](repeating: 0, count: 256)
    case 1:
      for _ in 0..<32 {
        unsafe withUnsafeBytes(of: generator.next()) { unsafe block.append(contentsOf: $0) }
      }
    default: block += Array("The quick brown fox \(generator.next() % 1000) jumps. ".utf8)
    }
  }
  var data: [UInt8] = []
  data.reserveCapacity(count + block.count)
  while data.count < count {
    block[data.count % block.count] &+= 1
    data += block
  }
  data.removeLast(data.count - count)
  return data
}
