/// Decodes one block of LZO1X, the method of lzop and Linux.
///
/// This is not done by liblzo2, because its licence, the GPL, would apply to the whole static binary. A block
/// is a list of instructions: copy new bytes, or copy `length` bytes from `distance` back. Every copy is
/// checked against the block's input and output first.
@safe internal struct LZO1X {
  // SAFETY: the buffers outlive `decode`, which makes the value and does not let it escape.
  private let input: UnsafeRawBufferPointer
  private let output: UnsafeMutableRawBufferPointer
  private let inputSize: Int
  private let outputSize: Int
  private var read = 0
  private var written = 0

  /// Decodes `input`, which must be a whole block that fills `output` exactly.
  ///
  /// - Returns: Whether it is one.
  static func decode(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer
  ) -> Bool {
    var decoder = unsafe LZO1X(
      input: input, output: output, inputSize: input.count, outputSize: output.count)
    return decoder.run() && decoder.read == input.count && decoder.written == output.count
  }

  /// Runs instructions until the end mark. Returns false if an instruction or a copy is outside the block.
  private mutating func run() -> Bool {
    // How many new bytes came directly before: 0 to 3, or 4 for a run of them. Small values of an
    // instruction depend on it.
    var literals = 0
    if inputSize > 0, unsafe input[0] > 17 {
      let count = unsafe Int(input[0]) - 17
      read = 1
      guard copyLiterals(count) else { return false }
      literals = min(count, 4)
    }
    while let instruction = nextByte() {
      let length: Int
      let distance: Int
      let trailing: Int
      switch instruction {
      case 64...:
        guard let more = nextByte() else { return false }
        length = (instruction >> 5) + 1
        distance = (more << 3) + ((instruction >> 2) & 7) + 1
        trailing = instruction & 3
      case 32...:
        guard let count = longCount(instruction & 31, mask: 31), let word = nextWord() else {
          return false
        }
        length = count + 2
        distance = (word >> 2) + 1
        trailing = word & 3
      case 16...:
        guard let count = longCount(instruction & 7, mask: 7), let word = nextWord() else {
          return false
        }
        length = count + 2
        distance = 0x4000 + ((instruction & 8) << 11) + (word >> 2)
        trailing = word & 3
        if distance == 0x4000 { return true }
      default:
        if literals == 0 {
          guard let count = longCount(instruction, mask: 15), copyLiterals(count + 3) else {
            return false
          }
          literals = 4
          continue
        }
        guard let more = nextByte() else { return false }
        length = literals == 4 ? 3 : 2
        distance = (more << 2) + (instruction >> 2) + (literals == 4 ? 0x801 : 1)
        trailing = instruction & 3
      }
      guard copyMatch(length, distance), copyLiterals(trailing) else { return false }
      literals = trailing
    }
    return false
  }

  private mutating func nextByte() -> Int? {
    guard read < inputSize else { return nil }
    defer { read += 1 }
    return unsafe Int(input[read])
  }

  private mutating func nextWord() -> Int? {
    guard read <= inputSize - 2 else { return nil }
    defer { read += 2 }
    return unsafe Int(
      UInt16(littleEndian: input.loadUnaligned(fromByteOffset: read, as: UInt16.self)))
  }

  /// A count that is in the instruction, or, if that is 0, `mask` more than the bytes that follow
  /// up to and with the first that is not 0, each 0 standing for 255.
  private mutating func longCount(_ short: Int, mask: Int) -> Int? {
    if short != 0 { return short }
    var count = mask
    while let byte = nextByte() {
      if byte != 0 { return count + byte }
      // A block has at most 64 MiB of input, so this does not overflow.
      count += 255
    }
    return nil
  }

  private mutating func copyLiterals(_ count: Int) -> Bool {
    guard count <= inputSize - read, count <= outputSize - written else { return false }
    if count <= 16, read <= inputSize - 16, written <= outputSize - 16 {
      // Excess bytes are overwritten next.
      unsafe copy8(from: input, read, to: written)
      unsafe copy8(from: input, read + 8, to: written + 8)
    } else {
      unsafe copy(count, from: input, read, to: written)
    }
    read += count
    written += count
    return true
  }

  private mutating func copyMatch(_ length: Int, _ distance: Int) -> Bool {
    guard distance <= written, length <= outputSize - written else { return false }
    let source = written - distance
    let end = written + length
    if distance >= 8, end <= outputSize - 8 {
      var offset = 0
      while offset < length {
        unsafe copy8(from: UnsafeRawBufferPointer(output), source + offset, to: written + offset)
        offset += 8
      }
    } else {
      // The source overlaps the destination, so each copy doubles the bytes to copy from.
      var done = 0
      while done < length {
        let count = min(distance + done, length - done)
        unsafe copy(count, from: UnsafeRawBufferPointer(output), source, to: written + done)
        done += count
      }
    }
    written = end
    return true
  }

  // SAFETY of both: the callers have checked that source and destination are inside the buffers.

  private func copy8(from source: UnsafeRawBufferPointer, _ offset: Int, to destination: Int) {
    let value = unsafe source.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    unsafe output.storeBytes(of: value, toByteOffset: destination, as: UInt64.self)
  }

  private func copy(
    _ count: Int, from source: UnsafeRawBufferPointer, _ offset: Int, to destination: Int
  ) {
    guard count > 0 else { return }
    unsafe UnsafeMutableRawBufferPointer(rebasing: output[destination..<destination + count])
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[offset..<offset + count]))
  }
}
