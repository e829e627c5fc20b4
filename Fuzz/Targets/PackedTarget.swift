import ByteCoding
import KernelImages

@testable import KexecCommand

/// The bytes are a kernel file that may be compressed as a whole. It unpacks into at most 1 MiB, or
/// is refused; the result is opened like any file.
func fuzzPacked(_ input: Input) -> Int32 {
  let limit = 1 << 20
  let file = SharedBytes(input.bytes)
  do throws(ImageError) {
    let kernel = try KernelFile(file, limit: limit)
    expect(
      kernel.bytes.count <= (kernel.packing == nil ? file.count : limit), "not more than the limit")
    _ = try KernelImage.open(kernel.bytes, unpackedLimit: limit)
  } catch {
    _ = CommandError(error, path: "kernel").text
  }
  return 0
}
