package import ByteCoding

// Moves a kernel to other virtual addresses, as its own decompressor does for KASLR.
//
// The table is made of 32-bit words: 0, locations of 64-bit addresses, 0, locations of 32-bit addresses
// relative to the per-CPU area (which move in the opposite direction), 0, locations of 32-bit addresses.
// Kernels since about 7.0 have no list in the middle. Each word is a link-time virtual address, which must be
// sign-extended.

extension Vmlinux {
  /// Where the kernel's mapping starts: __START_KERNEL_map.
  package static let mappingStart: UInt64 = 0xFFFF_FFFF_8000_0000
  /// The size of the mapping that a kernel with KASLR may use: KERNEL_IMAGE_SIZE.
  package static let mappingSize: UInt64 = .gibibytes(1)

  /// How many virtual base addresses are possible in steps of `alignment`.
  package func virtualSlots(alignment: UInt64) -> UInt64 {
    guard physicalEnd <= Self.mappingSize else { return 0 }
    return (Self.mappingSize - physicalEnd) / alignment + 1
  }

  /// Adds `shift` to every address in the unpacked file `bytes` that depends on the virtual base.
  ///
  /// - Throws: when the table is not understood; then `bytes` may be partly changed and must not be used.
  package func relocate(
    _ bytes: inout OwnedBytes, by shift: UInt64
  ) throws(VmlinuxError) {
    guard let table = relocationTable else { return }
    let lists = try relocationLists(bytes, table)
    let inverse = lists.count == 3 ? lists[1] : table.upperBound..<table.upperBound
    let shift32 = UInt32(truncatingIfNeeded: shift)
    try patch(&bytes, lists[0], size: 8) { (bytes, place) throws(OutOfBounds) in
      try bytes.add(shift, at: place)
    }
    try patch(&bytes, inverse, size: 4) { (bytes, place) throws(OutOfBounds) in
      try bytes.add(0 &- shift32, at: place)
    }
    try patch(&bytes, lists[lists.count - 1], size: 4) { (bytes, place) throws(OutOfBounds) in
      try bytes.add(shift32, at: place)
    }
  }

  /// The lists in the table, each without the zero before it, as ranges of the file.
  private func relocationLists(
    _ bytes: borrowing OwnedBytes, _ table: Range<Int>
  ) throws(VmlinuxError) -> [Range<Int>] {
    var starts: [Int] = []
    for offset in stride(from: table.lowerBound, to: table.upperBound - 3, by: 4)
    where (try? bytes.word(at: offset)) == 0 {
      starts.append(offset + 4)
      if starts.count > 3 { break }
    }
    guard table.count % 4 == 0, starts.first == table.lowerBound + 4,
      (2...3).contains(starts.count)
    else { throw .relocationLists(starts.count) }
    let ends = starts.dropFirst().map { $0 - 4 } + [table.upperBound]
    return zip(starts, ends).map { $0..<$1 }
  }

  /// Calls `change` with the file offset of each location in `list`.
  @inline(__always)
  private func patch(
    _ bytes: inout OwnedBytes, _ list: Range<Int>, size: Int,
    _ change: (inout OwnedBytes, Int) throws(OutOfBounds) -> Void
  ) throws(VmlinuxError) {
    // Neighbouring words nearly always name locations in the same part.
    var part = parts[0]
    for offset in stride(from: list.lowerBound, to: list.upperBound, by: 4) {
      guard let word = try? bytes.word(at: offset) else { throw .truncated }
      let address = UInt64(truncatingIfNeeded: Int64(Int32(bitPattern: word)))
      let physical = address &- Self.mappingStart
      if !part.holds(physical, size) {
        guard let other = parts.first(where: { $0.holds(physical, size) }) else {
          throw .relocationOutside(offset: offset, address: address)
        }
        part = other
      }
      do {
        try change(&bytes, part.fileOffset + Int(physical - part.physicalAddress))
      } catch {
        throw .relocationOutside(offset: offset, address: address)
      }
    }
  }
}
