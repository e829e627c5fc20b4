/// Which pages belong into a dump, as a `Classification` has decided, section by section in ascending order.
///
/// It can be gone through as often as one likes, and needs as much memory as the struct pages of one section.
package final class PageSelection {
  /// The page number of the first element of `classes`.
  package private(set) var firstFrame: UInt64 = 0
  /// The `PageClass` of each page of the section, as its raw value.
  package private(set) var classes: [UInt8] = []
  /// How many pages belong into the dump: among them those of zeros, whatever the level.
  package let keptCount: UInt64

  private let image: CrashImage
  private let classification: Classification

  /// What `classification` has decided for `image`.
  package init(_ image: CrashImage, _ classification: Classification) throws(CrashImageError) {
    self.image = image
    self.classification = classification
    keptCount = classification.tally.count(.kept)
  }

  /// Goes to the next section that has memory; false when there is none.
  package func next() throws(CrashImageError) -> Bool {
    false
  }

  /// Starts again with the first section.
  package func restart() throws(CrashImageError) {
  }
}
