internal import ByteCoding
internal import Compression
package import ELFFormat

/// The extent of an unpacked kernel, by the ELF headers in its first bytes.
package struct KernelOutline: Equatable, Sendable {
  /// The width of its addresses.
  package let width: ELFWidth
  /// The lowest physical address that it was linked for.
  package let physicalStart: UInt64
  /// The physical address behind its last part.
  package let physicalEnd: UInt64
  /// Where its last part ends in the unpacked file, in bytes.
  package let fileEnd: UInt64

  /// Bytes of memory from the first part's start to the last one's end: at most 1 GiB.
  package var windowSize: UInt64 { physicalEnd - physicalStart }
}

extension KernelOutline {
  /// More bytes than any kernel takes in memory: the size of its mapping, KERNEL_IMAGE_SIZE.
  static let sizeLimit: UInt64 = .gibibytes(1)

  /// No payload unpacks to more: its size has 32 bits.
  private static let fileSizeLimit: UInt64 = .gibibytes(4)

  /// Reads the headers at the start of `file`; nil when they are missing, or not those of a kernel for x86.
  init?(startOf file: RawSpan) {
    guard let headers = try? ELFHeaders(file),
      headers.machine
        == (headers.width == .bits32 ? ELFLayout.Machine.i386 : ELFLayout.Machine.x86_64)
    else { return nil }
    width = headers.width
    var (start, end, fileEnd) = (UInt64.max, UInt64(0), UInt64(0))
    for header in headers.programs where header.isLoaded && header.memorySize > 0 {
      let (last, overflow) = header.physical.addingReportingOverflow(header.memorySize)
      guard !overflow, let range = header.fileRange else { return nil }
      start = min(start, header.physical)
      end = max(end, last)
      fileEnd = max(fileEnd, UInt64(range.upperBound))
    }
    guard start < end, end - start <= Self.sizeLimit, fileEnd <= Self.fileSizeLimit else {
      return nil
    }
    (physicalStart, physicalEnd) = (start, end)
    self.fileEnd = fileEnd
  }
}

extension BzImage.Payload {
  /// The outline by the first bytes that the payload unpacks to; nil when they have none.
  func outline() -> KernelOutline? {
    guard let format = CompressionFormat.recognise(bytes.span),
      // The headers of all kernels are in the first few hundred bytes.
      let start = decompressStart(of: bytes, as: format, count: 4096)
    else { return nil }
    return KernelOutline(startOf: start.span)
  }
}
