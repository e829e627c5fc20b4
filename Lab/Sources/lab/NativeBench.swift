import Foundation
import LabKit

/// What kexec is asked to do on this computer without changing it.
struct NativeCall: Sendable {
  /// What it is, for people.
  let name: String
  /// The words after the program's name.
  let words: [String]
  /// Whether it is a load, which must end before anything is loaded.
  let isLoad: Bool

  /// The program says its version and ends.
  static let startUp = NativeCall(name: "start-up (--version)", words: ["--version"], isLoad: false)

  /// A load of Debian's 6.12 with its initrd, packed by `packer`, or without one.
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
    // A kernel at a random address takes about as many instructions, but not just as many.
    words.append("--command-line=console=ttyS0" + (isRandomised ? "" : " nokaslr"))
    return NativeCall(name: name, words: words, isLoad: true)
  }
}

/// What is said when there is no initrd by initramfs-tools.
let noInitrd = Failure("no initrd by initramfs-tools: run script/bootstrap as root")

/// Measures what calls of two programs cost on this computer, which takes turns with them.
struct NativeBench {
  /// The program under test.
  let ours: Tool
  /// The one beside it.
  let other: Tool
  /// How often each call is timed. Its instructions are counted once, since they are always the same.
  let runs: Int
  private let measure: String

  init(ours: Tool, other: Tool, runs: Int, workshop: Workshop) {
    self.ours = ours
    self.other = other
    self.runs = runs
    measure = workshop.tools + "/measure"
  }

  /// Measures `call` by each contestant; nil when this computer would load what kexec-tools hands over.
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

  /// Reads `==PROCESS== Collected : NUMBER`.
  static func instructions(in text: String) throws -> Double {
    let line = text.split(separator: "\n").first { $0.contains("Collected : ") }
    guard let word = line?.split(separator: " ").last, let number = Double(word) else {
      throw Failure("callgrind counted nothing: \(text)")
    }
    return number
  }

  /// Whether the call was not refused, although it must not change this computer; what it has loaded
  /// is forgotten again.
  private func loads(_ call: NativeCall, by contestant: Contestant) throws -> Bool {
    guard call.isLoad, !contestant.hasDryRun else { return false }
    guard try execute(command(call, contestant)).status == 0 else { return false }
    _ = try execute(ours.command + ["-u"])
    return true
  }

  /// Runs a call as the argument of `runner`, and gives back all that was printed.
  private func run(
    _ runner: [String], _ call: NativeCall, _ contestant: Contestant
  ) throws -> String {
    let words = runner + command(call, contestant)
    let (status, text) = try execute(words)
    // kexec-tools has no dry run. It hashes all the same before it calls a kernel that has no
    // kexec_load or forbids it.
    // What a dry run adds to its plan is what this computer would answer.
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

/// Runs a program of this computer to its end. The text is what it printed, on either output.
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
