import Foundation
import LabKit

/// Measures on this computer what saving the memory of a crashed kernel takes, beside makedumpfile: from a raw dump in
/// the page cache to a file of the file system that .lab is on.
struct SavingBench {
  let contest: DumpContest

  /// The raw dumps that scenarios have left, the level, and what is promised.
  private static let cases: [Case] = [
    Case("6.1, 1 GiB", ".lab/vmcores/6.1/vmcore", level: 31, size: 0.95),
    Case("6.12, 1 GiB", ".lab/vmcores/6.12/vmcore", level: 31, size: 0.95),
    // There makedumpfile 1.7.8 leaves out pages that belong in.
    Case("newest, 1 GiB", ".lab/vmcores/newest/vmcore", level: 31, size: 1),
    // Half of that dump is the memory map: nothing to leave out, and packed alike.
    Case("6.1, 4 GiB", ".lab/vmcores/6.1-with-4-GiB/vmcore", level: 31, size: nil),
    Case("6.1, 1 GiB", ".lab/vmcores/6.1/vmcore", level: 1, size: nil),
  ]

  private struct Case {
    let name: String
    let path: String
    let level: Int
    /// The most that our file may have of the bytes of theirs.
    let size: Double?

    init(_ name: String, _ path: String, level: Int, size: Double?) {
      (self.name, self.path, self.level, self.size) = (name, path, level, size)
    }
  }

  /// Compares both, with pages compressed by zstd. makedumpfile counts as it is faster here, with threads or without.
  func compare() throws -> [Comparison] {
    var comparisons: [Comparison] = []
    for subject in Self.cases {
      try DumpContest.require(subject.path)
      let name = "level \(subject.level) of \(subject.name)"
      let measurements = try measureAll(subject)
      say("Saving \(name), zstd:\n")
      measurements.report()
      let isFasterWithThreads =
        measurements[.loadWall, .makedumpfileThreads].median
        < measurements[.loadWall, .makedumpfile].median
      let other = isFasterWithThreads ? Contestant.makedumpfileThreads : .makedumpfile
      if subject.level == 31 {
        comparisons += [
          measurements.compare(.loadWall, .ours, other, in: name, .ratio(atMost: 0.5)),
          measurements.compare(
            .loadWall, .oursVerified, .makedumpfileSynced, in: "\(name), verified",
            .ratio(atMost: 0.75)),
        ]
      } else {
        comparisons.append(
          measurements.compare(
            .loadWall, .oursVerified, .makedumpfileSynced, in: "\(name), verified",
            .ratio(atMost: 0.6)))
      }
      if let size = subject.size {
        comparisons.append(
          measurements.compare(.fileSize, .ours, .makedumpfile, in: name, .ratio(atMost: size)))
      }
    }
    return comparisons
  }

  private func measureAll(_ subject: Case) throws -> Measurements {
    _ = try execute(["cat", subject.path])  // into the page cache
    var measurements = Measurements()
    let target = contest.scratch + "/dump"
    let theirs = contest.makedumpfile.command + ["-z", "-d", "\(subject.level)"]
    let processors = ProcessInfo.processInfo.activeProcessorCount
    let commands: [(Contestant, [String])] = [
      (.makedumpfile, theirs + [subject.path, target]),
      (.makedumpfileThreads, theirs + ["--num-threads", "\(processors)", subject.path, target]),
      (
        .makedumpfileSynced,
        ["sh", "-c", #"file=$1; shift; "$@" && sync "$file""#, "sh", target] + theirs
          + [subject.path, target]
      ),
      (.ours, contest.ours.command + saving(subject, to: target) + ["--no-verify"]),
      (.oursVerified, contest.ours.command + saving(subject, to: target)),
    ]
    for _ in 0..<contest.runs {
      for (contestant, command) in commands {
        for suffix in ["", "-log.txt", "-report.txt", "-manifest.json"] {
          try? FileManager.default.removeItem(atPath: target + suffix)
        }
        // What the program before has written must not be written to the disk during this one.
        _ = try execute(["sync"])
        try measurements.add(cost: contest.cost(command), of: contestant)
        guard
          let size = try FileManager.default.attributesOfItem(atPath: target)[.size] as? UInt64
        else { throw Failure("\(target) is not there") }
        measurements.add(Double(size) / 1_048_576, .fileSize, contestant)
      }
    }
    return measurements
  }

  private func saving(_ subject: Case, to target: String) -> [String] {
    ["dump", "-d", "\(subject.level)", subject.path, target]
  }
}
