import Foundation
import LabKit

/// Loads and jumps of some contestants in one kind of virtual machine.
///
/// They take turns, each in a newly booted machine. A chain of kernels in one machine would be
/// shorter but not fair: where an earlier kernel ran, QEMU still has translations of its code, and
/// a program that copies a kernel there takes 0.4 s longer, because QEMU discards them.
///
/// The kernels are not moved (nokaslr) unless `isRandomised`: a random address makes QEMU's
/// translated code two to five times slower or faster by chance, which hides what the programs do.
struct JumpBench {
  /// The program under test.
  let ours: Tool
  /// The program that it is compared with.
  let other: Tool
  /// How often each contestant jumps.
  let runs: Int
  let isRandomised: Bool
  /// More options for our program. What they make it print is shown after each jump.
  let extra: String
  /// The machine's processor, in QEMU's terms.
  let processor: String
  let workshop: Workshop

  /// Measures, and prints the table.
  func measure(
    _ series: InitrdSeries, by contestants: [Contestant]
  ) async throws -> Measurements {
    var measurements = Measurements()
    let total = contestants.count * runs
    for round in 0..<total {
      let contestant = contestants[round % contestants.count]
      let (first, second) = contestant == .other ? (other, ours) : (ours, other)
      let lab = try Lab(
        name: "bench \(series.rawValue) \(round + 1)", tool: first,
        programs: [(name: Self.otherName, tool: second)], workshop: workshop)
      let result = await Result { try await play(series, contestant, in: lab) }
      await lab.end()
      let found = try result.get()
      try measurements.add(cost: found.cost.text, of: contestant)
      measurements.add(found.cost.elapsed.cpu.seconds * 1000, .loadMachine, contestant)
      if let segments = found.segments { measurements.add(segments, .segments, contestant) }
      measurements.add(found.arrival, of: contestant)
      progress(
        "\(series.rawValue): \(round + 1) of \(total) jumps, \(contestant.rawValue): first line "
          + String(format: "%.3f", found.arrival.toFirstLine.wall.seconds) + " s, init "
          + String(format: "%.3f", found.arrival.toInit.wall.seconds) + " s")
    }
    say("With \(series.meaning):\n")
    measurements.report()
    return measurements
  }

  /// The results of one machine.
  private struct Round: Sendable {
    /// The output of `measure` for the load.
    var cost: Guest.Output
    /// The memory of all segments in MiB; nil if the program does not tell it.
    var segments: Double?
    var arrival: Guest.Arrival
  }

  private func play(
    _ series: InitrdSeries, _ contestant: Contestant, in lab: Lab
  ) async throws -> Round {
    let debian = try series.initrd(in: workshop)
    let file = try debian.map { ["boot/debian": try $0 + lab.archive()] } ?? [:]
    let guest = try await lab.boot(
      .debian6_12, processor: processor, commandLine: commandLine, carrying: [.debian6_12],
      files: file)
    let load = load(
      by: contestant, initrd: debian == nil ? "/boot/initrd" : "/boot/debian", words: series.words)
    let cost = try await guest.run("measure \(load)")
    var segments: Double?
    if contestant.hasDryRun {
      let plan = try await guest.run("\(load) --dry-run --json").text
      segments = Double(try LoadReport(plan).byteCount) / 1_048_576
    }
    let next = try await guest.jump("\(command(contestant)) -e")
    guard let arrival = next.arrival else { throw Failure("the console missed a jump") }
    if contestant.isOurs { try await tellMore(of: arrival, in: next) }
    return Round(cost: cost, segments: segments, arrival: arrival)
  }

  private static let otherName = "other"

  /// Two builds of ours have the same path, /sbin/kexec: QEMU's translations of the program's code
  /// depend on it, and the time to copy a kernel to that memory depends on them.
  private func command(_ contestant: Contestant) -> String {
    contestant.hasDryRun ? "kexec" : other.command(inGuestAs: Self.otherName)
  }

  private var commandLine: String {
    isRandomised ? "" : "nokaslr"
  }

  private func load(by contestant: Contestant, initrd: String, words: String) -> String {
    let extra = contestant.isOurs ? extra : ""
    return "\(command(contestant)) -c \(contestant.options) \(extra) -l \(Kernel.debian6_12.path)"
      + " --initrd=\(initrd) --command-line='\(Lab.commandLine) \(commandLine) \(words)'"
  }

  /// Prints where the time of a jump went, as far as `--extra` makes it known.
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

/// Which initrd the kernels of a benchmark get.
enum InitrdSeries: String, Sendable {
  case plain
  case debianZstd = "Debian, zstd"
  case debianGzip = "Debian, gzip"

  /// Its name in a table.
  var name: String { self == .plain ? "plain initrd" : "initrd of \(rawValue)" }

  /// Its description.
  var meaning: String {
    switch self {
    case .plain: "a plain initrd: the lab's agent and the programs"
    case .debianZstd: "Debian's own initrd (initramfs-tools, zstd), and the lab's archive behind it"
    case .debianGzip: "Debian's own initrd (initramfs-tools, gzip), and the lab's archive behind it"
    }
  }

  /// More parameters for the next kernel. Debian's boot loader passes `quiet`; this prints as
  /// little, except for the line that the benchmark waits for.
  var words: String { self == .plain ? "" : "loglevel=6" }

  /// The initrd by initramfs-tools; nil if the series has none.
  func initrd(in workshop: Workshop) throws -> [UInt8]? {
    let packer: String
    switch self {
    case .plain: return nil
    case .debianZstd: packer = "zstd"
    case .debianGzip: packer = "gzip"
    }
    guard let bytes = try workshop.debianInitrd(packedBy: packer) else { throw noInitrd }
    return bytes
  }
}
