import LabKit

/// `lab bench`: compares our program with kexec-tools, or with another build of ours.
struct BenchCommand {
  private let tool: String
  private let kexecTools: String
  private let build: String?
  private let runs: Int
  let isNative: Bool
  private let isOfDumps: Bool
  private let isRandomised: Bool
  private let extra: String
  private let processor: String
  private let only: [String]?

  init(_ arguments: inout Arguments) throws {
    tool = try arguments.value(of: "--tool") ?? ourTool
    kexecTools = try arguments.value(of: "--kexec-tools") ?? ".lab/kexec-tools/kexec"
    build = try arguments.value(of: "--against")
    runs = try arguments.number(of: "--runs") ?? 7
    isNative = arguments.flag("--native")
    isOfDumps = arguments.flag("--dump")
    isRandomised = arguments.flag("--kaslr")
    extra = try arguments.value(of: "--extra") ?? ""
    processor = try arguments.value(of: "--cpu") ?? defaultProcessor
    only = try arguments.value(of: "--only")?.split(separator: ",").map(String.init)
    try arguments.finish()
    // Of two equal builds with 3 runs each, all runs of one are slower by chance in one of 20
    // cases.
    guard build == nil || isNative || runs >= 5 else { throw Failure("--against needs 5 runs") }
  }

  /// Measures, prints the tables, and returns whether everything promised was kept.
  func run() async throws -> Bool {
    let workshop = try Workshop()
    defer { workshop.tidyUp() }
    if isOfDumps {
      let contest = try DumpContest(
        ours: try Tool(path: tool, workshop: workshop), runs: runs, workshop: workshop)
      say("Medians (least–most) of \(runs) runs each, taking turns.\n")
      let comparisons =
        try DumpBench(contest: contest).compare() + SavingBench(contest: contest).compare()
      comparisons.report(ours: "ours", other: "makedumpfile")
      return comparisons.allKept
    }
    var paths = [tool, build ?? kexecTools]
    for path in paths { say("\(path): \(try version(of: Tool(path: path, workshop: workshop)))") }
    if build != nil { paths = try copy(paths, workshop) }
    let ours = try Tool(path: paths[0], workshop: workshop)
    let other = try Tool(path: paths[1], workshop: workshop)
    let native = NativeBench(ours: ours, other: other, runs: runs, workshop: workshop)
    let jumps = JumpBench(
      ours: ours, other: other, runs: runs, isRandomised: isRandomised, extra: extra,
      processor: processor, workshop: workshop)
    if let only {
      try await measure(only, jumps)
      return true
    }
    say(
      "Medians (least–most) of \(runs) runs each, taking turns. Jumps: in fresh VMs by kexec_load, 6.12"
        + " to 6.12, with 1 GiB and 1 CPU (QEMU, TCG, \(processor),"
        + " \(isRandomised ? "KASLR" : "nokaslr"))\n")
    let comparisons =
      build == nil
      ? try await compareWithKexecTools(native, jumps, workshop)
      : try await compareBuilds(native, jumps, workshop)
    comparisons.report(
      ours: build == nil ? "ours" : "new", other: build == nil ? "kexec-tools" : "old")
    return comparisons.allKept
  }

  /// Only prints what these contestants take for a jump with a plain initrd.
  private func measure(_ names: [String], _ jumps: JumpBench) async throws {
    let contestants = Contestant.jumping.filter { names.contains($0.rawValue) }
    guard contestants.count == names.count else {
      let known = Contestant.jumping.map(\.rawValue).joined(separator: ", ")
      throw Failure("--only is some of: \(known)")
    }
    _ = try await jumps.measure(.plain, by: contestants)
  }

  /// Copies both builds. Both are freshly written, with names of the same length, because the
  /// memory that they take depends on it; and stripped, because valgrind does not understand all of
  /// the compiler's debug information.
  private func copy(_ builds: [String], _ workshop: Workshop) throws -> [String] {
    let copies = ["new", "old"].map { "\(workshop.scratch)/\($0)" }
    for (build, copy) in zip(builds, copies) {
      let (status, text) = try execute(["strip", "-o", copy, build])
      guard status == 0 else { throw Failure("strip \(build): \(text)") }
    }
    return copies
  }

  private func version(of tool: Tool) throws -> String {
    let (status, text) = try execute(tool.command + ["--version"])
    guard status == 0, let line = text.split(separator: "\n").first else {
      throw Failure("\(tool.path) --version exited with \(status): \(text)")
    }
    return String(line)
  }
}
