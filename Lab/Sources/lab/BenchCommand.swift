import Foundation
import LabKit

/// `lab bench`: our program and its peer take turns in one virtual machine.
///
/// Each generation of the machine's kernel loads the next one with both programs, measured, and jumps
/// with one of them. So both see the same files, the same memory and the same neighbours. The kernels
/// stay where they are put (nokaslr): a random place makes QEMU's translated code two to five times
/// slower or faster by chance, which hides what the programs do.
struct BenchCommand {
  private let contestants: [Contestant]
  private let runs: Int
  private let call: LoadCall

  init(_ arguments: inout Arguments) throws {
    let peer = ".lab/debian/sbin/kexec"
    contestants = [
      Contestant(
        name: "ours", command: "kexec", path: try arguments.value(of: "--tool") ?? ourTool),
      Contestant(name: "peer", command: "peer", path: try arguments.value(of: "--peer") ?? peer),
    ]
    runs = try arguments.number(of: "--runs") ?? 5
    call = arguments.flag("--file-call") ? .file : .classic
    try arguments.finish()
  }

  /// Measures, and prints the table.
  func run() async throws -> Bool {
    let workshop = try Workshop()
    defer { workshop.tidyUp() }
    let tools = try contestants.map { try Tool(path: $0.path, workshop: workshop) }
    let lab = try Lab(
      name: "bench", tool: tools[0], programs: [(name: "peer", tool: tools[1])],
      workshop: workshop)
    let result = await Result { try await measure(in: lab) }
    await lab.end()
    let measurements = try result.get()
    say(
      "\(contestants[0].path) against \(contestants[1].path), \(runs) jumps each by \(call.name),"
        + " 6.12 to 6.12, in one VM with 1 GiB and 1 CPU (QEMU, TCG, nokaslr), digests checked")
    say("")
    measurements.report()
    return true
  }

  private func measure(in lab: Lab) async throws -> Measurements {
    var measurements = Measurements()
    var guest = try await lab.boot(
      .debian6_12, commandLine: "retain_initrd nokaslr", carrying: [.debian6_12], isChain: true)
    for round in 0..<(2 * runs) {
      let jumper = contestants[round % 2]
      try await guest.run("cat /sys/firmware/initrd >/run/initrd")
      // The one that jumps loads last, so every second time it is the other way round.
      for contestant in [contestants[(round + 1) % 2], jumper] {
        try await guest.run("\(contestant.command) -u")
        let cost = try await guest.run("measure \(contestant.command) \(load)")
        try measurements.add(cost: cost, of: contestant.name)
      }
      guest = try await guest.jump("\(jumper.command) -e")
      guard let arrival = guest.arrival else { throw Failure("the console missed a jump") }
      measurements.add(arrival, of: jumper.name)
      progress("\(round + 1) of \(2 * runs) jumps")
    }
    return measurements
  }

  private var load: String {
    "\(call.rawValue) -l \(Kernel.debian6_12.path) --initrd=/run/initrd"
      + " --command-line='\(Lab.commandLine) retain_initrd nokaslr'"
  }

  private func progress(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data("bench: \(text)\n".utf8))
  }
}

/// A program that takes part, and what it is called in the guest.
struct Contestant: Sendable {
  let name: String
  let command: String
  let path: String
}
