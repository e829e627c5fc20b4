internal import ByteCoding

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
      _ pair: Pair<Narrow, Wide>, _ width: Width, base: Int = 0, missing: ImagePart = .elfHeader
    ) throws(ImageError) -> UInt64 {
      switch width {
      case .bits32: UInt64(try load(pair.narrow, base: base, missing: missing))
      case .bits64: UInt64(try load(pair.wide, base: base, missing: missing))
      }
    }

    func programHeaders(_ width: Width) throws(ImageError) -> [ProgramHeader] {
      let table = try load(Layout.programHeaders, width)
      let size = try load(Layout.programHeaderSize, width)
      let count = try load(Layout.programHeaderCount, width)
      guard count > 0 else { return [] }
      guard size >= (width == .bits32 ? 32 : 56) else {
        throw .badField(
          name: "e_phentsize",
          offset: width == .bits32
            ? Layout.programHeaderSize.narrow.offset : Layout.programHeaderSize.wide.offset,
          found: size, wanted: .programHeaderSize)
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
            index: index, position: base, type: try load(Layout.partType, base: base),
            offset: try load(Layout.partOffset, width, base: base),
            physical: try load(Layout.partPhysical, width, base: base),
            fileSize: try load(Layout.partFileSize, width, base: base),
            memorySize: try load(Layout.partMemorySize, width, base: base),
            alignment: try load(Layout.partAlignment, width, base: base)))
      }
      return headers
    }

    /// The parts that take memory, in order; all their bytes are in the file.
    func parts(_ headers: [ProgramHeader]) throws(ImageError) -> [LoadedPart] {
      var parts: [(header: ProgramHeader, part: LoadedPart)] = []
      for header in headers where header.type == Layout.loadType {
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
      parts.sort { $0.part.physicalAddress < $1.part.physicalAddress }
      for (lower, upper) in zip(parts, parts.dropFirst())
      where upper.part.physicalAddress < lower.part.physicalEnd {
        throw .badPart(
          .overlap, index: upper.header.index, offset: upper.header.position,
          found: upper.part.physicalAddress)
      }
      return parts.map(\.part)
    }
  }
}
