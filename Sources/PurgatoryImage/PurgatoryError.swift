/// Why parameters do not fit into the purgatory.
package enum PurgatoryError: Error, Equatable, Sendable {
  /// More regions than the parameters have space for.
  case tooManyRegions(found: Int, limit: Int)
  /// A digest of another length than its kind has.
  case wrongDigestLength(found: Int, wanted: Int)
  /// A region, or the location of a text, that is impossible: it starts at address 0 or ends beyond the last
  /// address.
  case impossibleRegion(PurgatoryParameters.Region)
}
