package import ByteCoding

/// A flattened device tree. Documented in the Devicetree Specification, "Flattened Devicetree".
package enum DeviceTreeBlob {
  /// The number that it starts with, big-endian.
  package static let magic: UInt32 = 0xD00D_FEED
  /// Bytes of the header.
  private static let headerSize = 40

  /// The tree in `file`, without what follows it.
  package static func tree(in file: SharedBytes) throws(DeviceTreeError) -> SharedBytes {
    let span = file.span
    guard let first = try? span.load(UInt32.self, at: 0).byteSwapped else {
      throw .truncated(needs: headerSize, has: file.count)
    }
    guard first == magic else { throw .notATree(found: first) }
    let stated = (try? span.load(UInt32.self, at: 4).byteSwapped).map(Int.init) ?? headerSize
    guard let tree = try? file.slice(0..<max(stated, headerSize)) else {
      throw .truncated(needs: max(stated, headerSize), has: file.count)
    }
    return tree
  }
}

/// Why a file is not a device tree.
package enum DeviceTreeError: Error, Equatable, Sendable {
  /// It starts with something else than the magic number.
  case notATree(found: UInt32)
  /// It is shorter than its stated size, or than its header.
  case truncated(needs: Int, has: Int)
}
