import ByteCoding

@testable import KexecPlanning

/// The bytes are an initrd. It is unpacked into at most 1 MiB; what is not understood is left
/// unchanged.
func fuzzInitrd(_ input: Input) -> Int32 {
  let limit = 1 << 20
  let file = SharedBytes(input.bytes)
  let content = InitrdContent(file, unpackedInto: limit)
  let (parts, hasChanged) = content.parts(keeping: [])
  let size = parts.reduce(0) { $0 + $1.count }
  expect(size <= limit + file.count, "not more than the limit and the file")
  expect(hasChanged || size <= file.count, "nothing is added")
  if hasChanged { for part in parts { expect(part.count > 0, "no empty part") } }
  // Examining an initrd must find the same as unpacking it.
  if content.reason == nil {
    let looked = InitrdContent(file, unpackedInto: nil)
    if looked.findings.unchecked == nil {
      expect(looked.findings == content.findings, "the same is found without unpacking")
    }
  }
  guard hasChanged, content.reason == nil else { return 0 }
  // Plain archives are left unchanged, whatever they contain.
  for part in parts { _ = InitrdContent(part, unpackedInto: limit) }
  return 0
}
