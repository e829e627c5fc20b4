import Foundation
import LabKit

/// `lab capture`: saves the files of a guest's /proc and /sys that kexec reads, as a directory.
///
/// Such a directory is a machine: loads can be planned for it as for the running one.
struct CaptureCommand {
  private let directory: String
  private let firmware: Firmware
  private let kernel: Kernel
  private let memory: Int
  private let cpus: Int
  private let commandLine: String

  init(_ arguments: inout Arguments) throws {
    firmware = try arguments.choice(of: "--firmware") ?? .bios
    kernel = try arguments.choice(of: "--kernel") ?? .debian6_1
    memory = try arguments.number(of: "--memory") ?? 1024
    cpus = try arguments.number(of: "--cpus") ?? 1
    commandLine = try arguments.value(of: "--append") ?? ""
    guard let directory = arguments.next() else { throw Failure("lab capture needs a directory") }
    self.directory = URL(fileURLWithPath: directory).path
    try arguments.finish()
  }

  /// Captures the files, and prints where they are.
  func run() async throws -> Bool {
    let workshop = try Workshop()
    defer { workshop.tidyUp() }
    // No kexec program is needed, so busybox takes its place.
    let tool = try Tool(path: workshop.debian + "/bin/busybox", workshop: workshop)
    let lab = try Lab(name: "capture", tool: tool, workshop: workshop)
    let result = await Result {
      let guest = try await lab.boot(
        kernel, firmware: firmware, memory: memory, cpus: cpus, commandLine: commandLine)
      return try await guest.capture()
    }
    await lab.end()
    try unpack(try result.get())
    say("captured \(kernel.rawValue) under \(firmware.name) in \(directory)")
    return true
  }

  private func unpack(_ archive: [UInt8]) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let file = directory + "/.capture.tar.gz"
    try Data(archive).write(to: URL(fileURLWithPath: file))
    defer { try? FileManager.default.removeItem(atPath: file) }
    let tar = Process()
    tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    tar.arguments = ["tar", "-x", "--no-same-owner", "-f", file, "-C", directory]
    try tar.run()
    tar.waitUntilExit()
    guard tar.terminationStatus == 0 else { throw Failure("tar could not unpack the capture") }
  }
}
