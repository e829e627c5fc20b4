import Foundation
import LabKit

/// `lab bench`: our program and its peer take turns in one virtual machine.
///
/// Each generation of the machine's kernel loads the next one with every contestant, measured, and
/// jumps with one of them. So all see the same files, the same memory and the same neighbours. The
/// kernels stay where they are put (nokaslr) unless `--kaslr` is given: a random place makes QEMU's
/// translated code two to five times slower or faster by chance, which hides what the programs do.
struct BenchCommand {
  private let tool: String
  private let peer: String
  private let runs: Int
  private let isRandomised: Bool
  private let isStamped: Bool
  private let contestants: [Contestant]

  init(_ arguments: inout Arguments) throws {
    tool = try arguments.value(of: "--tool") ?? ourTool
    peer = try arguments.value(of: "--peer") ?? ".lab/debian/sbin/kexec"
    runs = try arguments.number(of: "--runs") ?? 7
    isRandomised = arguments.flag("--kaslr")
    isStamped = arguments.flag("--stamp")
    let only = try arguments.value(of: "--only")
    contestants = Contestant.allCases.filter { only == nil || only == $0.rawValue }
    try arguments.finish()
    guard !contestants.isEmpty else {
      let known = Contestant.allCases.map(\.rawValue).joined(separator: ", ")
      throw Failure("--only is one of: \(known)")
    }
  }

  /// Measures, prints the tables, and says whether all that is promised was reached.
  func run() async throws -> Bool {
    let workshop = try Workshop()
    defer { workshop.tidyUp() }
    say(
      "\(tool) against \(peer), medians (least–most) of \(runs) jumps each, taking turns, by"
        + " kexec_load, 6.12 to 6.12, in one VM with 1 GiB and 1 CPU (QEMU, TCG,"
        + " \(isRandomised ? "KASLR" : "nokaslr"))\n")
    let plain = try await measure(.plain, by: contestants, in: workshop)
    var targets = plain.measurements.targets(peakLimit: plain.segments)
    let series = InitrdSeries.debian
    if try workshop.debianInitrd != nil {
      let pair = contestants.filter { [.ours, .peer].contains($0) }
      if !pair.isEmpty {
        targets += try await measure(series, by: pair, in: workshop).measurements.initrdTargets
      }
    } else {
      say("no initrd by initramfs-tools: run script/bootstrap as root\n")
    }
    guard contestants.count > 1 else { return true }
    targets.forEach { say($0.text) }
    return targets.allSatisfy(\.isReached)
  }

  private func measure(
    _ series: InitrdSeries, by contestants: [Contestant], in workshop: Workshop
  ) async throws -> (measurements: Measurements, segments: Double) {
    let ours = try Tool(path: tool, workshop: workshop)
    let other = try Tool(path: peer, workshop: workshop)
    let lab = try Lab(
      name: "bench \(series.rawValue)", tool: ours, programs: [(name: "peer", tool: other)],
      workshop: workshop)
    let result = await Result { try await measure(series, by: contestants, in: lab, workshop) }
    await lab.end()
    let found: (measurements: Measurements, segments: Double) = try result.get()
    say("With \(series.meaning):\n")
    found.measurements.report()
    return found
  }

  private func measure(
    _ series: InitrdSeries, by contestants: [Contestant], in lab: Lab, _ workshop: Workshop
  ) async throws -> (Measurements, Double) {
    var measurements = Measurements()
    var segments = Double.nan
    let debian = series == .debian ? try workshop.debianInitrd ?? [] : []
    let debianFile = debian.isEmpty ? [:] : ["boot/debian": debian]
    let total = contestants.count * runs
    var guest = try await lab.boot(
      .debian6_12, commandLine: commandLine, carrying: [.debian6_12], isChain: true,
      files: debianFile)
    // The machine's own archive comes last, where each kernel finds it again for the next one.
    let archive = try await guest.run("wc -c </sys/firmware/initrd").text
    for round in 0..<total {
      let jumper = contestants[round % contestants.count]
      let before = debian.isEmpty ? "" : "/boot/debian"
      try await guest.run(
        "cat \(before) >/run/initrd; tail -c \(archive) /sys/firmware/initrd >>/run/initrd")
      // The one that jumps loads last.
      for contestant in contestants.filter({ $0 != jumper }) + [jumper] {
        try await guest.run("\(contestant.command) -u")
        let load = load(by: contestant)
        let cost = try await guest.run("measure \(load)")
        try measurements.add(cost: cost, of: contestant)
        if contestant == .ours, segments.isNaN {
          let plan = try await guest.run("\(load) --dry-run --json").text
          segments = Double(try LoadReport(plan).byteCount) / 1_048_576
        }
      }
      guest = try await guest.jump("\(jumper.command) -e")
      guard let arrival = guest.arrival else { throw Failure("the console missed a jump") }
      measurements.add(arrival, of: jumper)
      progress(
        "\(series.rawValue): \(round + 1) of \(total) jumps, \(jumper.rawValue): first line "
          + String(format: "%.3f", arrival.toFirstLine.wall.seconds) + " s, init "
          + String(format: "%.3f", arrival.toInit.wall.seconds) + " s")
      if isStamped, jumper.command == "kexec" {
        progress(try await guest.run("kexec --report").text)
      }
    }
    return (measurements, segments)
  }

  private var commandLine: String {
    "retain_initrd" + (isRandomised ? "" : " nokaslr")
  }

  private func load(by contestant: Contestant) -> String {
    let stamp = isStamped && contestant.command == "kexec" ? "--stamp" : ""
    return "\(contestant.command) -c \(contestant.options) \(stamp) -l \(Kernel.debian6_12.path)"
      + " --initrd=/run/initrd --command-line='\(Lab.commandLine) \(commandLine)'"
  }

  private func progress(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data("bench: \(text)\n".utf8))
  }
}

/// What the kernels of a bench get as their initrd.
enum InitrdSeries: String, Sendable {
  case plain
  case debian

  /// What it is, for people.
  var meaning: String {
    switch self {
    case .plain: "a plain initrd: the lab's agent, the programs and the kernel"
    case .debian: "Debian's own initrd (initramfs-tools, zstd), and the lab's archive behind it"
    }
  }
}
