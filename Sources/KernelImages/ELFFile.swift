internal import ByteCoding
package import ELFFormat

/// An ELF executable, as far as a loader reads it.
package struct ELFFile: Equatable, Sendable {
  /// What the headers say.
  let headers: ELFHeaders
  /// The PT_LOAD parts that take memory, lowest physical address first; they do not overlap.
  package let parts: [LoadedPart]

  /// Reads the headers of the executable in `file`.
  package init(_ file: RawSpan) throws(ImageError) {
    let headers: ELFHeaders
    do {
      headers = try ELFHeaders(file)
    } catch {
      throw ImageError(error)
    }
    typealias FileType = ELFLayout.FileType
    guard headers.type == FileType.shared || headers.type == FileType.executable else {
      throw .badField(
        name: "e_type", offset: ELFLayout.File.type.offset, found: UInt64(headers.type),
        wanted: .executable)
    }
    self.headers = headers
    parts = try Self.parts(headers.programs, in: file)
  }

  /// The width of its addresses.
  package var width: ELFWidth { headers.width }
  /// The processor: e_machine, an `ELFLayout.Machine`.
  package var machine: UInt16 { headers.machine }
  /// Whether its code may be anywhere: e_type is ET_DYN.
  package var isPositionIndependent: Bool { headers.type == ELFLayout.FileType.shared }
  /// Where it is entered: e_entry. Physical, in kernels.
  package var entry: UInt64 { headers.entry }
  /// The largest p_align of the parts; at least 1, and not always a power of two.
  package var alignment: UInt64 {
    headers.programs.reduce(1) { $1.isLoaded ? max($0, $1.alignment) : $0 }
  }

  /// The parts of `headers` that take memory, in order; all their bytes are in the file.
  private static func parts(
    _ headers: [ELFProgramHeader], in file: RawSpan
  ) throws(ImageError) -> [LoadedPart] {
    var parts: [(header: ELFProgramHeader, part: LoadedPart)] = []
    for header in headers where header.isLoaded {
      guard header.fileSize <= header.memorySize else {
        throw .badPart(
          .moreBytesThanMemory, index: header.index, offset: header.position,
          found: header.fileSize)
      }
      guard !header.physical.addingReportingOverflow(header.memorySize).overflow else {
        throw .badPart(
          .beyondAddresses, index: header.index, offset: header.position,
          found: header.memorySize)
      }
      guard let range = header.fileRange, range.upperBound <= file.byteCount else {
        throw .truncated(
          missing: .loadedPart(header.index), needs: header.fileRange?.upperBound ?? .max,
          has: file.byteCount)
      }
      if header.memorySize == 0 { continue }
      let part = LoadedPart(
        fileOffset: range.lowerBound, fileSize: range.count, physicalAddress: header.physical,
        memorySize: header.memorySize)
      parts.append((header, part))
    }
    parts = parts.sorted { $0.part.physicalAddress }
    for (lower, upper) in zip(parts, parts.dropFirst())
    where upper.part.physicalAddress < lower.part.physicalEnd {
      throw .badPart(
        .overlap, index: upper.header.index, offset: upper.header.position,
        found: upper.part.physicalAddress)
    }
    return parts.map { $0.part }
  }
}

extension ImageError {
  /// What an error of the headers means for an image.
  fileprivate init(_ error: ELFError) {
    self =
      switch error {
      case .truncated(.fileHeader, let needs, let has):
        .truncated(missing: .elfHeader, needs: needs, has: has)
      case .truncated(.programHeaders, let needs, let has):
        .truncated(missing: .programHeaders, needs: needs, has: has)
      case .otherMagic(let found):
        .badField(
          name: "e_ident", offset: ELFLayout.magic.offset, found: UInt64(found), wanted: .elfMagic)
      case .otherClass(let found):
        .badField(
          name: "e_ident", offset: ELFLayout.classAndData.offset, found: UInt64(found),
          wanted: .littleEndianClass)
      case .shortProgramHeader(let found, let offset):
        .badField(name: "e_phentsize", offset: offset, found: found, wanted: .programHeaderSize)
      }
  }
}
