import LabKit

extension BenchCommand {
  /// Compares our program with kexec-tools, and checks what we promise.
  func compareWithKexecTools(
    _ native: NativeBench, _ jumps: JumpBench, _ workshop: Workshop
  ) async throws -> [Comparison] {
    var comparisons = try compareLoads(native, workshop)
    guard !isNative else { return comparisons }
    let plain = try await jumps.measure(.plain, by: Contestant.jumping)
    comparisons += promises(of: plain)
    for series in [InitrdSeries.debianZstd, .debianGzip] {
      let found = try await jumps.measure(series, by: [.ours, .kexecTools])
      comparisons += [
        found.compare(
          .firstLineMachine, .ours, .kexecTools, in: series.name, .ratio(atMost: 0.25)),
        found.compare(
          .firstProcessMachine, .ours, .kexecTools, in: series.name, .ratio(atMost: 0.5),
          obstacle: sameKernel),
      ]
    }
    return comparisons
  }

  private func compareLoads(
    _ native: NativeBench, _ workshop: Workshop
  ) throws -> [Comparison] {
    let calls = [
      try NativeCall.load("kernel alone", in: workshop),
      try .load("kernel and Debian's initrd (zstd)", initrd: "zstd", in: workshop),
      try .load("kernel and Debian's initrd (gzip)", initrd: "gzip", in: workshop),
    ]
    var comparisons: [Comparison] = []
    // Our program also examines an initrd for damage where it does not unpack it; kexec-tools never
    // does.
    for (call, (fast, slow)) in zip(calls, [(0.5, 0.5), (0.5, 0.6), (0.6, 0.7)]) {
      guard let found = try native.measure(call, by: Contestant.native) else {
        say("This computer lets kexec-tools load: loads are not compared on it.\n")
        return []
      }
      say("Loads on this computer, \(call.name):\n")
      found.report()
      comparisons += [
        found.compare(.instructions, .ours, .kexecTools, in: call.name, .ratio(atMost: fast)),
        found.compare(
          .instructions, .plain, .kexecTools, in: "\(call.name), no fast jump",
          .ratio(atMost: slow)),
        found.compare(
          .loadCPU, .ours, .kexecTools, in: call.name, .ratio(atMost: 0.5),
          obstacle: "the running kernel's work for the memory of what is unpacked is in it"),
      ]
    }
    return comparisons
  }

  /// What we promise of a jump with a plain initrd.
  private func promises(of found: Measurements) -> [Comparison] {
    let name = InitrdSeries.plain.name
    let unchecked = "\(name), kexec-tools -i"
    var comparisons = [
      found.compare(.firstLineMachine, .ours, .kexecTools, in: name, .ratio(atMost: 0.2)),
      found.compare(
        .firstLineMachine, .ours, .kexecToolsUnchecked, in: unchecked, .ratio(atMost: 0.4)),
      found.compare(
        .firstProcessMachine, .ours, .kexecTools, in: name, .ratio(atMost: 0.5),
        obstacle: sameKernel),
      found.compare(
        .firstLineMachine, .ours, .oursUnchecked, in: "\(name), ours --no-checks",
        .ratio(atMost: 1.1), obstacle: "TCG digests many times slower than a processor"),
      Comparison(
        "\(name), ours beside its segments: peak memory, MiB", ours: found[.peak, .ours],
        other: found[.segments, .ours], .excess(atMost: 16)),
    ]
    comparisons += [.loadMachine, .peak, .firstLineMachine, .firstProcessMachine].map {
      found.compare($0, .plain, .kexecTools, in: "\(name), no fast jump", .ratio(atMost: 1))
    }
    return comparisons
  }
}

private let sameKernel = "from the first line on both start the same kernel, which TCG makes slow"
