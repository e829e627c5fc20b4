internal import ByteCoding

extension DumpMemory {
  /// How many of the kept pages in the section of `classifier` are zeros.
  func zeroPages(in classifier: PageClassifier) throws(CrashImageError) -> UInt64 {
    var zeros: UInt64 = 0
    let kept = PageClass.kept.rawValue
    var index = 0
    while index < classifier.classes.count {
      guard classifier.classes[index] == kept else {
        index += 1
        continue
      }
      var end = index + 1
      while end < classifier.classes.count, classifier.classes[end] == kept { end += 1 }
      let first = classifier.firstFrame
      zeros += try zeroPages(in: (first + UInt64(index))..<(first + UInt64(end)))
      index = end
    }
    return zeros
  }

  /// How many pages of the whole memory are zeros.
  func zeroPages() throws(CrashImageError) -> UInt64 {
    var zeros: UInt64 = 0
    var first = try memory(from: 0)
    while let start = first {
      let end = start + UInt64(Self.windowSize / 4096)
      // Other pages in the window are not in the file.
      zeros += try zeroPages(in: start..<end)
      first = try stored(from: end)
    }
    return zeros
  }

  /// How many of these pages of RAM are zeros. What the dump does not have of a page is zero; a page of which it has
  /// nothing is not counted.
  private func zeroPages(in frames: Range<UInt64>) throws(CrashImageError) -> UInt64 {
    var zeros: UInt64 = 0
    var frame = frames.lowerBound
    while frame < frames.upperBound {
      let physical = frame << 12
      let wanted = Int(min(UInt64(Self.windowSize), (frames.upperBound - frame) << 12))
      do {
        let bytes = try run(at: physical, count: wanted)
        for start in stride(from: 0, to: bytes.count, by: 4096)
        where Self.isZero(bytes.span, start..<min(start + 4096, bytes.count)) {
          zeros += 1
        }
        frame += UInt64(bytes.count + 4095) >> 12
      } catch {
        guard case .notInDump = error else { throw error }
        guard let next = try stored(from: frame + 1) else { return zeros }
        frame = next
      }
    }
    return zeros
  }

  private static func isZero(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    var position = range.lowerBound
    while position + 8 <= range.upperBound {
      guard (try? bytes.load(UInt64.self, at: position)) == 0 else { return false }
      position += 8
    }
    while position < range.upperBound {
      guard (try? bytes.load(UInt8.self, at: position)) == 0 else { return false }
      position += 1
    }
    return true
  }
}
