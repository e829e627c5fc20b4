internal import ByteCoding

/// A section of a PE/COFF file.
struct PESection {
  /// Its name.
  let name: String
  /// Where its header is in the file.
  let header: Int
  /// Where its bytes are in the file: no more than it has in memory, since what follows is padding.
  let bytes: Range<Int>
}

extension PESection {
  /// The sections of the PE file in `file` whose names `isWanted` accepts, in the file's order; nil when it
  /// is not a PE file.
  ///
  /// - Throws: when a header, or the bytes of a section that is wanted, are not all there.
  static func all(
    in file: RawSpan, where isWanted: (String) -> Bool
  ) throws(ImageError) -> [PESection]? {
    guard let header = try? PEHeader(file) else { return nil }
    guard header.end <= file.byteCount else {
      throw .truncated(
        missing: .sectionHeaders(header.sectionCount), needs: header.end,
        has: file.byteCount)
    }
    var sections: [PESection] = []
    for index in 0..<header.sectionCount {
      let start = header.sectionTable + index * PEHeader.sectionHeaderSize
      let name = name(at: start, in: file)
      guard isWanted(name) else { continue }
      do throws(OutOfBounds) {
        let memory = Int(try file.load(PEHeader.virtualSize, base: start))
        let size = Int(try file.load(PEHeader.sizeOfRawData, base: start))
        let offset = Int(try file.load(PEHeader.pointerToRawData, base: start))
        sections.append(
          PESection(name: name, header: start, bytes: offset..<(offset + min(memory, size))))
      } catch {
        throw .truncated(
          missing: .sectionHeaders(header.sectionCount), needs: header.end, has: file.byteCount)
      }
    }
    for section in sections { try section.checkBounds(behind: header.end, in: file.byteCount) }
    return sections
  }

  /// Where the first section of that name starts in the file; nil when there is none, or no PE header.
  static func start(of name: String, in file: RawSpan) -> Int? {
    guard let header = try? PEHeader(file) else { return nil }
    for index in 0..<header.sectionCount {
      let section = header.sectionTable + index * PEHeader.sectionHeaderSize
      guard Self.name(at: section, in: file) == name else { continue }
      return (try? file.load(PEHeader.pointerToRawData, base: section)).map { Int($0) }
    }
    return nil
  }

  private static func name(at offset: Int, in file: RawSpan) -> String {
    var name: [UInt8] = []
    for index in 0..<PEHeader.sectionNameSize {
      guard let byte = try? file.load(UInt8.self, at: offset + index), byte != 0 else { break }
      name.append(byte)
    }
    return String(decoding: name, as: UTF8.self)
  }

  private func checkBounds(behind headers: Int, in size: Int) throws(ImageError) {
    guard !bytes.isEmpty else { return }
    guard bytes.upperBound <= size else {
      throw .truncated(missing: .section(name), needs: bytes.upperBound, has: size)
    }
    guard bytes.lowerBound >= headers else {
      throw .badField(
        name: "PointerToRawData of \(name)", offset: pointerOffset,
        found: UInt64(bytes.lowerBound), wanted: .behindHeaders(headers))
    }
  }

  /// The offset of the section's PointerToRawData.
  var pointerOffset: Int { header + PEHeader.pointerToRawData.offset }

  /// Fails when two of `sections` share bytes of the file.
  static func checkOverlaps(_ sections: [PESection]) throws(ImageError) {
    let sorted = sections.filter { !$0.bytes.isEmpty }
      .sorted { UInt64($0.bytes.lowerBound) }
    for (lower, upper) in zip(sorted, sorted.dropFirst())
    where upper.bytes.lowerBound < lower.bytes.upperBound {
      throw .badField(
        name: "PointerToRawData of \(upper.name)", offset: upper.pointerOffset,
        found: UInt64(upper.bytes.lowerBound),
        wanted: .behindSection(lower.name, end: lower.bytes.upperBound))
    }
  }
}
