import LabKit

extension BenchCommand {
  /// Compares two builds of our program: a change must cost nothing that can be measured.
  func compareBuilds(
    _ native: NativeBench, _ jumps: JumpBench, _ workshop: Workshop
  ) async throws -> [Comparison] {
    let calls = [
      NativeCall.startUp,
      try .load("kernel alone", in: workshop),
      try .load("kernel alone, moved", isRandomised: true, in: workshop),
      try .load("kernel and Debian's initrd", initrd: "zstd", in: workshop),
      try .load(
        "kernel and Debian's initrd, --no-fast", "-c --no-fast", initrd: "zstd", in: workshop),
      try .load("kernel and Debian's initrd, -s", "-s", initrd: "zstd", in: workshop),
    ]
    var comparisons: [Comparison] = []
    for call in calls {
      guard let found = try native.measure(call, by: Contestant.builds) else {
        throw Failure("the dry run of a load was no dry run")
      }
      comparisons += [.instructions, .peak].map { quantity in
        found.compare(quantity, .ours, .other, in: call.name, .ratio(atMost: 1.05))
      }
    }
    guard !isNative else { return comparisons }
    for series in [InitrdSeries.plain, .debianZstd] {
      let found = try await jumps.measure(series, by: Contestant.builds)
      comparisons += [.loadMachine, .firstLineMachine, .firstProcessMachine].map { quantity in
        found.compare(quantity, .ours, .other, in: "in a VM, \(series.name)", .notSlower)
      }
    }
    return comparisons
  }
}
