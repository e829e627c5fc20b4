import Foundation
import LabKit

/// Loads and jumps of some contestants in one kind of virtual machine.
///
/// They take turns, each in a machine that was booted anew. A chain of kernels in one machine would be
/// shorter but not fair: where an earlier kernel ran, QEMU still has
/// translations of its code, and whoever copies a kernel there pays 0.4 s for throwing them away.
///
/// The kernels stay where they are put (nokaslr) unless `isRandomised`: a random place makes QEMU's
/// translated code two to five times slower or faster by chance, which hides what the programs do.
struct JumpBench {
  /// The program under test.
  let ours: Tool
  /// The one beside it.
  let other: Tool
  /// How often each contestant jumps.
  let runs: Int
  let isRandomised: Bool
  /// More options for ours; what they make it say is shown after each jump.
  let extra: String
  /// What QEMU calls the machine's processor.
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

  /// What one machine showed.
  private struct Round: Sendable {
    /// What `measure` said of the load.
    var cost: Guest.Output
    /// Mebibytes of memory that the segments take, if the program tells.
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

  /// Two builds of ours take the same place, /sbin/kexec: where QEMU has translations of the one that ran
  /// depends on it, and the kernel that is copied there pays for them.
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

  /// What it is, in a table.
  var name: String { self == .plain ? "plain initrd" : "initrd of \(rawValue)" }

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

  /// The initrd by initramfs-tools; nil when the series has none.
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
