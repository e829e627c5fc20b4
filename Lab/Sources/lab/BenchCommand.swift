import Foundation
import LabKit

/// `lab bench`: our program and its peer take turns in one kind of virtual machine.
///
/// Each round boots it anew, loads with every contestant, measured, and jumps with one of them. A chain
/// of kernels in one machine would be shorter but not fair: where an earlier kernel ran, QEMU still has
/// translations of its code, and whoever copies a kernel there pays 0.4 s for throwing them away.
///
/// The kernels stay where they are put (nokaslr) unless `--kaslr` is given: a random place makes
/// QEMU's translated code two to five times slower or faster by chance, which hides what the programs
/// do.
struct BenchCommand {
  private let tool: String
  private let peer: String
  private let runs: Int
  private let isRandomised: Bool
  /// More options for ours; what they make it say is shown after each jump.
  private let extra: String
  private let contestants: [Contestant]
  /// What QEMU calls the machine's processor.
  private let processor: String

  init(_ arguments: inout Arguments) throws {
    tool = try arguments.value(of: "--tool") ?? ourTool
    peer = try arguments.value(of: "--peer") ?? ".lab/debian/sbin/kexec"
    runs = try arguments.number(of: "--runs") ?? 7
    isRandomised = arguments.flag("--kaslr")
    extra = try arguments.value(of: "--extra") ?? ""
    processor = try arguments.value(of: "--cpu") ?? defaultProcessor
    let only = try arguments.value(of: "--only")?.split(separator: ",").map(String.init)
    contestants = Contestant.allCases.filter { only?.contains($0.rawValue) ?? true }
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
      "\(tool) against \(peer), medians (least–most) of \(runs) jumps each, taking turns in fresh VMs, by"
        + " kexec_load, 6.12 to 6.12, with 1 GiB and 1 CPU (QEMU, TCG, \(processor),"
        + " \(isRandomised ? "KASLR" : "nokaslr"))\n")
    let plain = try await measure(.plain, by: contestants, in: workshop)
    var targets = plain.measurements.targets(peakLimit: plain.segments)
    let pair = contestants.filter { [.ours, .peer].contains($0) }
    for series in [InitrdSeries.debianZstd, .debianGzip] where !pair.isEmpty {
      guard try series.initrd(in: workshop) != nil else {
        say("no initrd by initramfs-tools: run script/bootstrap as root\n")
        continue
      }
      let found = try await measure(series, by: pair, in: workshop).measurements
      targets.append(found.initrdTarget(series.meaning))
    }
    guard contestants.count > 1 else { return true }
    targets.forEach { say($0.text) }
    return targets.allSatisfy(\.isReached)
  }

  private func measure(
    _ series: InitrdSeries, by contestants: [Contestant], in workshop: Workshop
  ) async throws -> (measurements: Measurements, segments: Double) {
    var measurements = Measurements()
    var segments = Double.nan
    let ours = try Tool(path: tool, workshop: workshop)
    let other = try Tool(path: peer, workshop: workshop)
    let total = contestants.count * runs
    for round in 0..<total {
      let lab = try Lab(
        name: "bench \(series.rawValue) \(round + 1)", tool: ours,
        programs: [(name: "peer", tool: other)], workshop: workshop)
      let jumper = contestants[round % contestants.count]
      // The one that jumps loads last.
      let order = contestants.filter { $0 != jumper } + [jumper]
      let result = await Result { try await play(series, order, in: lab, workshop) }
      await lab.end()
      let found = try result.get()
      for (contestant, cost) in found.costs { try measurements.add(cost: cost, of: contestant) }
      measurements.add(found.arrival, of: jumper)
      segments = found.segments ?? segments
      progress(
        "\(series.rawValue): \(round + 1) of \(total) jumps, \(jumper.rawValue): first line "
          + String(format: "%.3f", found.arrival.toFirstLine.wall.seconds) + " s, init "
          + String(format: "%.3f", found.arrival.toInit.wall.seconds) + " s")
    }
    say("With \(series.meaning):\n")
    measurements.report()
    return (measurements, segments)
  }

  /// What one machine showed.
  private struct Round: Sendable {
    var costs: [(Contestant, Guest.Output)] = []
    /// Mebibytes of memory that the segments of ours take.
    var segments: Double?
    var arrival: Guest.Arrival
  }

  private func play(
    _ series: InitrdSeries, _ order: [Contestant], in lab: Lab, _ workshop: Workshop
  ) async throws -> Round {
    let debian = try series.initrd(in: workshop)
    let file = try debian.map { ["boot/debian": try $0 + lab.archive()] } ?? [:]
    let guest = try await lab.boot(
      .debian6_12, processor: processor, commandLine: commandLine, carrying: [.debian6_12],
      files: file)
    var costs: [(Contestant, Guest.Output)] = []
    var segments: Double?
    for contestant in order {
      let load = load(
        by: contestant, initrd: debian == nil ? "/boot/initrd" : "/boot/debian",
        words: series.words)
      try await guest.run("\(contestant.command) -u")
      costs.append((contestant, try await guest.run("measure \(load)")))
      if contestant == .ours {
        let plan = try await guest.run("\(load) --dry-run --json").text
        segments = Double(try LoadReport(plan).byteCount) / 1_048_576
      }
    }
    let jumper = order[order.count - 1]
    let next = try await guest.jump("\(jumper.command) -e")
    guard let arrival = next.arrival else { throw Failure("the console missed a jump") }
    if jumper.command == "kexec" { try await tellMore(of: arrival, in: next) }
    return Round(costs: costs, segments: segments, arrival: arrival)
  }

  private var commandLine: String {
    isRandomised ? "" : "nokaslr"
  }

  private func load(by contestant: Contestant, initrd: String, words: String) -> String {
    let extra = contestant.command == "kexec" ? extra : ""
    return "\(contestant.command) -c \(contestant.options) \(extra) -l \(Kernel.debian6_12.path)"
      + " --initrd=\(initrd) --command-line='\(Lab.commandLine) \(commandLine) \(words)'"
  }

  /// Where a jump's time went, as far as `--extra` makes it known.
  private func tellMore(of arrival: Guest.Arrival, in guest: Guest) async throws {
    if extra.contains("--stamp") { progress(try await guest.run("kexec --report").text) }
    guard extra.contains("--console-serial") else { return }
    for step in arrival.steps {
      progress(String(format: "  %.3f s CPU  ", step.elapsed.cpu.seconds) + step.text)
    }
  }

  private func progress(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data("bench: \(text)\n".utf8))
  }
}

/// What the kernels of a bench get as their initrd.
enum InitrdSeries: String, Sendable {
  case plain
  case debianZstd = "Debian, zstd"
  case debianGzip = "Debian, gzip"

  /// What it is, for people.
  var meaning: String {
    switch self {
    case .plain: "a plain initrd: the lab's agent and the programs"
    case .debianZstd: "Debian's own initrd (initramfs-tools, zstd), and the lab's archive behind it"
    case .debianGzip: "Debian's own initrd (initramfs-tools, gzip), and the lab's archive behind it"
    }
  }

  /// More words for the next kernel: Debian's boot loader says `quiet`. This is as quiet, but for the
  /// line that the bench waits for.
  var words: String { self == .plain ? "" : "loglevel=6" }

  /// The initrd by initramfs-tools; nil when there is none.
  func initrd(in workshop: Workshop) throws -> [UInt8]? {
    switch self {
    case .plain: nil
    case .debianZstd: try workshop.debianInitrd(packedBy: "zstd")
    case .debianGzip: try workshop.debianInitrd(packedBy: "gzip")
    }
  }
}
