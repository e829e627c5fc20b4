/// Whether a dump fits into the space that there is, before its first byte is written.
enum SpaceVerdict: Equatable {
  case fits
  /// Only if its pages can be compressed: the most bytes that it can have, and the space.
  case mayFit(bound: UInt64, space: UInt64)
  /// It does not.
  case cannotFit(bound: UInt64, space: UInt64)

  /// The memory of a kernel does not become smaller than this part by compression.
  private static let bestRatio: UInt64 = 16

  /// - Parameters:
  ///   - bound: the most bytes that the dump can have.
  ///   - space: the bytes that there is space for; nil when that is not known.
  ///   - isCompressed: whether the dump's pages are compressed.
  init(bound: UInt64, space: UInt64?, isCompressed: Bool) {
    guard let space, bound > space else {
      self = .fits
      return
    }
    let canFit = isCompressed && bound / Self.bestRatio <= space
    self = canFit ? .mayFit(bound: bound, space: space) : .cannotFit(bound: bound, space: space)
  }
}
