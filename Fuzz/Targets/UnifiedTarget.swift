import ByteCoding
import KernelImages
import KexecPlanning
import LinuxSystem
import RunningSystem
import TestSupport

@testable import KexecCommand

private let unpackedLimit = 1 << 20

/// The bytes are a unified kernel image. Its sections must lie in the file and must not overlap,
/// its texts must be single lines, and its contents are planned by both system calls.
func fuzzUnified(_ input: Input) -> Int32 {
  let bytes = SharedBytes(input.bytes)
  let image: KernelImage
  do {
    image = try KernelImage.open(bytes, unpackedLimit: unpackedLimit)
  } catch {
    _ = CommandError(error, path: "k.efi").text
    return 0
  }
  guard case .unified(let unified) = image else { return 0 }
  expect(
    unified.packing == nil || unified.kernelFile.count <= unpackedLimit, "not more than the limit")
  let total = unified.sections.reduce(0) { $0 + $1.bytes.count }
  expect(total < bytes.count, "sections do not overlap")
  for section in unified.sections { expect(section.bytes.count > 0, "no section is empty") }
  for text in [unified.commandLine, unified.systemName, unified.release] {
    guard let text else { continue }
    expect(!text.isEmpty && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a line of text")
  }

  let request = LoadRequest(kernel: .init(path: "k.efi", bytes: bytes))
  _ = routes(for: request, on: .small, image: image)
  planByBothCalls(request, image: image) { made in
    let kinds: [UnifiedKernelImage.Kind] = [.microcode, .initrd]
    expect(
      made.request.initrds.map(\.bytes.count) == kinds.compactMap { unified.section($0)?.count },
      "the microcode, then the initrd")
    expect(made.commandLine == unified.commandLine ?? "", "the image's command line")
  }
  return 0
}
