internal import ByteCoding
internal import ELFFormat

extension ELFFile {
  /// Reads headers, each value checked to be in the file.
  struct Reader: ~Escapable {
    let file: RawSpan

    @_lifetime(copy file)
    init(_ file: RawSpan) {
      self.file = file
    }

    func load<Value>(
      _ field: Field<Value>, base: Int = 0, missing: ImagePart = .elfHeader
    ) throws(ImageError) -> Value {
      do {
        return try file.load(field, base: base)
      } catch {
        throw .truncated(missing: missing, needs: base + field.end, has: file.byteCount)
      }
    }

    func load<Narrow, Wide>(
      _ field: ELFField<Narrow, Wide>, _ width: ELFWidth, base: Int = 0,
      missing: ImagePart = .elfHeader
    ) throws(ImageError) -> UInt64 {
      do {
        return try file.load(field, width, base: base)
      } catch {
        throw .truncated(
          missing: missing, needs: base + field.end(width), has: file.byteCount)
      }
    }

    func programHeaders(_ width: ELFWidth) throws(ImageError) -> [ProgramHeader] {
      let table = try load(ELFLayout.File.programHeaders, width)
      let size = try load(ELFLayout.File.programHeaderSize, width)
      let count = try load(ELFLayout.File.programHeaderCount, width)
      guard count > 0 else { return [] }
      guard size >= ELFLayout.Program.size(width) else {
        throw .badField(
          name: "e_phentsize",
          offset: ELFLayout.File.programHeaderSize.offset(width), found: size,
          wanted: .programHeaderSize)
      }
      guard table <= UInt64(file.byteCount), size * count <= UInt64(file.byteCount) - table else {
        let end = table.addingReportingOverflow(size * count)
        throw .truncated(
          missing: .programHeaders, needs: Int(clamping: end.overflow ? .max : end.partialValue),
          has: file.byteCount)
      }
      var headers: [ProgramHeader] = []
      for index in 0..<Int(count) {
        let base = Int(table) + index * Int(size)
        headers.append(
          ProgramHeader(
            index: index, position: base, type: try load(ELFLayout.Program.type, base: base),
            offset: try load(ELFLayout.Program.offset, width, base: base),
            physical: try load(ELFLayout.Program.physical, width, base: base),
            fileSize: try load(ELFLayout.Program.fileSize, width, base: base),
            memorySize: try load(ELFLayout.Program.memorySize, width, base: base),
            alignment: try load(ELFLayout.Program.alignment, width, base: base)))
      }
      return headers
    }

    /// The parts that take memory, in order; all their bytes are in the file.
    func parts(_ headers: [ProgramHeader]) throws(ImageError) -> [LoadedPart] {
      var parts: [(header: ProgramHeader, part: LoadedPart)] = []
      for header in headers where header.type == ELFLayout.Program.load {
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
        parts.append(
          (
            header,
            LoadedPart(
              fileOffset: range.lowerBound, fileSize: range.count,
              physicalAddress: header.physical, memorySize: header.memorySize)
          ))
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
}
