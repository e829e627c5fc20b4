import ByteCoding

@testable import KexecPlanning

/// The bytes are an initrd. It is taken apart within 1 MiB; what is not understood stays as it is.
func fuzzInitrd(_ input: Input) -> Int32 {
  let limit = 1 << 20
  let file = SharedBytes(input.bytes)
  let unpacked = UnpackedInitrd(file, limit: limit)
  let size = unpacked.parts.reduce(0) { $0 + $1.count }
  expect(size <= limit + file.count, "not more than the limit and the file")
  expect(unpacked.hasChanged || size <= file.count, "nothing is added")
  for part in unpacked.parts { expect(part.count > 0, "no empty part") }
  guard unpacked.hasChanged, unpacked.reason == nil else { return 0 }
  // Plain archives are left alone, whatever is in them.
  for part in unpacked.parts { _ = UnpackedInitrd(part, limit: limit) }
  return 0
}
