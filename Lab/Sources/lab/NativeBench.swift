import Foundation
import LabKit

/// A call of kexec that does not change this computer.
struct NativeCall: Sendable {
  /// Its description.
  let name: String
  /// The arguments after the program's name.
  let words: [String]
  /// Whether it is a load. It must end before anything is loaded.
  let isLoad: Bool

  /// The program prints its version and ends.
  static let startUp = NativeCall(name: "start-up (--version)", words: ["--version"], isLoad: false)

  /// A load of Debian's 6.12 with its initrd, compressed with `packer`, or without one.
  static func load(
    _ name: String, _ options: String = "-c", initrd packer: String? = nil,
    isRandomised: Bool = false, in workshop: Workshop
  ) throws -> NativeCall {
    var words = options.split(separator: " ").map(String.init)
    words += ["-l", try Kernel.debian6_12.file(in: workshop)]
    if let packer {
      guard let path = workshop.debianInitrdPath(packedBy: packer) else { throw noInitrd }
      words.append("--initrd=\(path)")
    }
    // With a random address, the number of instructions differs a little from run to run.
    words.append("--command-line=console=ttyS0" + (isRandomised ? "" : " nokaslr"))
    return NativeCall(name: name, words: words, isLoad: true)
  }
}

/// The error if there is no initrd by initramfs-tools.
let noInitrd = Failure("no initrd by initramfs-tools: run script/bootstrap as root")

/// Measures on this computer what calls of two programs cost. The programs take turns.
struct NativeBench {
  /// The program under test.
  let ours: Tool
  /// The program that it is compared with.
  let other: Tool
  /// How often each call is timed. Instructions are counted once, because their number never
  /// varies.
  let runs: Int
  private let measure: String

  init(ours: Tool, other: Tool, runs: Int, workshop: Workshop) {
    self.ours = ours
    self.other = other
    self.runs = runs
    measure = workshop.tools + "/measure"
  }

  /// Measures `call` by each contestant; nil if this computer would really load what kexec-tools
  /// passes to it.
  func measure(_ call: NativeCall, by contestants: [Contestant]) throws -> Measurements? {
    for contestant in contestants where try loads(call, by: contestant) { return nil }
    var measurements = Measurements()
    for contestant in contestants {
      let text = try run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"], call, contestant)
      measurements.add(try Self.instructions(in: text) / 1e6, .instructions, contestant)
    }
    for _ in 0..<runs {
      for contestant in contestants {
        let lines = try run([measure], call, contestant).split(separator: "\n")
        let cost = lines.first { $0.hasPrefix("wall ") } ?? ""
        try measurements.add(cost: String(cost), of: contestant)
      }
    }
    return measurements
  }

  /// Parses `==PROCESS== Collected : NUMBER`.
  static func instructions(in text: String) throws -> Double {
    let line = text.split(separator: "\n").first { $0.contains("Collected : ") }
    guard let word = line?.split(separator: " ").last, let number = Double(word) else {
      throw Failure("callgrind counted nothing: \(text)")
    }
    return number
  }

  /// Whether this computer accepted the load, although it must not be changed. Then it is unloaded
  /// again.
  private func loads(_ call: NativeCall, by contestant: Contestant) throws -> Bool {
    guard call.isLoad, !contestant.hasDryRun else { return false }
    guard try execute(command(call, contestant)).status == 0 else { return false }
    _ = try execute(ours.command + ["-u"])
    return true
  }

  /// Runs a call as the argument of `runner`, and returns all output.
  private func run(
    _ runner: [String], _ call: NativeCall, _ contestant: Contestant
  ) throws -> String {
    let words = runner + command(call, contestant)
    let (status, text) = try execute(words)
    // kexec-tools has no dry run. It computes its digests anyway, before it calls a kernel that has
    // no kexec_load or forbids it. A dry run of ours ends with what this computer would refuse.
    let isPlanned = status == 0 || text.contains("\nkexec: the load would be refused: ")
    let isAsExpected =
      contestant.hasDryRun ? isPlanned : status != 0 && text.contains("kexec_load failed")
    guard isAsExpected else {
      throw Failure("`\(words.joined(separator: " "))` exited with \(status): \(text)")
    }
    return text
  }

  private func command(_ call: NativeCall, _ contestant: Contestant) -> [String] {
    var words = (contestant.isOurs ? ours : other).command
    words += contestant.options.split(separator: " ").map(String.init)
    if call.isLoad, contestant.hasDryRun { words.append("--dry-run") }
    return words + call.words
  }
}

/// Runs a program of this computer until it ends. The text is its standard output and standard
/// error.
func execute(_ command: [String]) throws -> (status: Int, text: String) {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = command
  let output = Pipe()
  process.standardOutput = output
  process.standardError = output
  try process.run()
  let data = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return (Int(process.terminationStatus), String(decoding: data, as: UTF8.self))
}
