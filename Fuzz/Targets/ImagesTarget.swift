import KexecABI
import ByteCoding
import KernelImages
import KexecPlanning
import PhysicalMemory
import RunningSystem
import TestSupport

@testable import KexecCommand

/// The bytes are an ELF or multiboot kernel. The first byte also says how it takes its arguments
/// and how many modules there are. If it opens, its load is planned and printed.
func fuzzImages(_ input: Input) -> Int32 {
  guard let choice = input.bytes.first else { return 0 }
  let bytes = SharedBytes(Array(input.bytes.dropFirst()))
  for type in [ImageType.multiboot2, .multiboot, .elf64, .elf32] {
    do throws(ImageError) {
      let image = try KernelImage.open(bytes, as: type)
      expect(image.type == type, "an image is of the type that it was read as")
      checkOther(image, bytes: bytes, choice: choice)
    } catch {
      _ = CommandError(error, path: "kernel").text
    }
  }
  return 0
}

private func checkOther(_ image: KernelImage, bytes: SharedBytes, choice: UInt8) {
  var request = LoadRequest(kernel: .init(path: "kernel", bytes: bytes))
  request.options.commandLine = "some words"
  request.randomNumbers = .init(virtual: 123_456_789, physical: 987_654_321)
  let styles: [LoadOptions.ArgumentStyle?] = [
    nil, .linux, .elfNotes, LoadOptions.ArgumentStyle.none,
  ]
  request.options.arguments = styles[Int(choice & 3)]
  if case .multiboot = image {
    request.modules = (0..<Int(choice >> 6)).map {
      .init(file: .init(path: "m", bytes: SharedBytes([7, 7])), text: "module \($0)")
    }
  }
  planByBothCalls(request, image: image) { made in
    guard case .segments(let load) = made.action else { fatalError("by the file call") }
    checkPlaces(load, image: image)
  }
}

/// Checks that every loaded byte is at its address in the file, or that all are moved by the same
/// distance.
private func checkPlaces(_ load: SegmentLoad, image: KernelImage) {
  let parts: [LoadedPart]
  switch image {
  case .elf(let kernel): parts = kernel.headers.parts
  case .multiboot(let kernel): parts = kernel.parts
  default: return
  }
  let kernel = load.segments.filter { $0.role == .kernel }
  guard let first = kernel.first, let lowest = parts.first else { fatalError("no kernel") }
  let shift = first.destination.start.value &- (lowest.physicalAddress & ~(pageSize - 1))
  for part in parts {
    let start = part.physicalAddress &+ shift
    let isThere = kernel.contains { segment in
      let offset = start &- segment.destination.start.value
      return start >= segment.destination.start.value
        && offset <= UInt64(segment.bytes.count)
        && UInt64(part.fileSize) <= UInt64(segment.bytes.count) - offset
    }
    expect(isThere || part.fileSize == 0, "each part's bytes are in one segment")
  }
}
