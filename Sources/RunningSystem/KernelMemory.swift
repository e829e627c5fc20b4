internal import ByteCoding
internal import CrashDumps
internal import ELFFormat
internal import LinuxSystem

/// The running kernel's memory by its virtual addresses, as root sees it in `/proc/kcore`.
///
/// The file is an ELF core dump, described in Documentation/filesystems/proc.rst. Lockdown in confidentiality
/// mode forbids reading it.
struct KernelMemory {
  private let files: FileTree
  private let segments: [CoreSegments.Segment]

  /// Opens the memory; nil when it cannot be read.
  init?(in files: FileTree) {
    guard let core = CoreSegments(ofKernelIn: files) else { return nil }
    self.files = files
    segments = core.segments
  }

  /// The `count` bytes at `address`; nil when they are not there.
  func bytes(at address: UInt64, count: Int) -> [UInt8]? {
    for segment in segments
    where address >= segment.virtualStart && address - segment.virtualStart < segment.byteCount {
      let distance = address - segment.virtualStart
      let (offset, overflow) = segment.offset.addingReportingOverflow(distance)
      guard !overflow, let bytes = try? files.read(kernelMemoryPath, at: offset, count: count),
        bytes.count == count
      else { return nil }
      return bytes
    }
    return nil
  }

  /// The terminated text at `address`; nil when it is not there, longer than 4096 bytes or not
  /// ASCII.
  func text(at address: UInt64) -> String? {
    var text: [UInt8] = []
    // In small steps, since the memory behind the text may not be mapped.
    while text.count < 4096 {
      guard let part = bytes(at: address &+ UInt64(text.count), count: 32) else { return nil }
      let end = part.firstIndex(of: 0)
      text += part[..<(end ?? part.count)]
      guard text.allSatisfy({ $0 < 0x80 }) else { return nil }
      if end != nil { return String(decoding: text, as: UTF8.self) }
    }
    return nil
  }
}

private let kernelMemoryPath = "/proc/kcore"

extension CoreSegments {
  /// The segments of the running kernel's memory, by the headers of /proc/kcore; nil when they cannot be
  /// read. Nothing behind the headers is read, which would be memory.
  init?(ofKernelIn files: FileTree) {
    let size = ELFLayout.File.size(.bits64)
    guard let start = try? files.read(kernelMemoryPath, atMost: size),
      let byteCount = ELFHeaders.byteCount(ofFileStartingWith: SharedBytes(start).span),
      let headers = try? files.read(
        kernelMemoryPath, atMost: min(byteCount, Self.largestHeader))
    else { return nil }
    self.init(headers)
  }
}
