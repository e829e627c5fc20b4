import Foundation

/// Whether two JSON reports of a load place the same segments.
///
/// Only where and how long: the contents differ, since each plan draws its own random seed.
public func sameSegments(_ first: String, _ second: String) throws -> Bool {
  try places(of: first) == places(of: second)
}

private func places(of report: String) throws -> [[String: NSNumber]] {
  let json = try JSONSerialization.jsonObject(with: Data(report.utf8)) as? [String: Any]
  guard let segments = json?["segments"] as? [[String: Any]] else {
    throw Failure("no segments in \(report.shortened)")
  }
  return segments.map { $0.compactMapValues { $0 as? NSNumber } }
}
