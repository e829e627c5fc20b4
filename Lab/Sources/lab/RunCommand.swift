import Foundation
import LabKit

/// `lab run`: boots a guest that carries both kernels, and runs commands in it, one after another.
///
/// `kexec -e` and `echo c >/proc/sysrq-trigger` (a panic) jump: the commands after them run in the
/// next kernel. So do those after `then COMMAND`, whose COMMAND, such as `systemctl reboot`, asks
/// for a jump or a reboot and returns.
struct RunCommand {
  private let tool: String?
  private let kernel: Kernel
  private let system: GuestSystem
  private let firmware: Firmware
  private let memory: Int
  private let cpus: Int
  private let commandLine: String
  private let commands: [String]

  init(_ arguments: inout Arguments) throws {
    tool = try arguments.value(of: "--tool")
    kernel = try arguments.choice(of: "--kernel") ?? .debian6_1
    system = try arguments.choice(of: "--system") ?? .initramfs
    firmware = try arguments.choice(of: "--firmware") ?? .bios
    memory = try arguments.number(of: "--memory") ?? 1024
    cpus = try arguments.number(of: "--cpus") ?? 1
    commandLine = try arguments.value(of: "--append") ?? ""
    commands = arguments.rest()
    guard !commands.isEmpty else { throw Failure("lab run needs commands") }
  }

  /// Runs all commands, whatever their exit status.
  func run() async throws -> Bool {
    let workshop = try Workshop()
    defer { workshop.tidyUp() }
    let tool = try Tool(path: self.tool ?? ourTool, workshop: workshop)
    let lab = try Lab(name: "run", tool: tool, workshop: workshop)
    let result = await Result { try await run(in: lab) }
    await lab.end()
    say("everything: \(lab.story.path)")
    try result.get()
    return true
  }

  private func run(in lab: Lab) async throws {
    var guest = try await lab.boot(
      kernel, system: system, firmware: firmware, memory: memory, cpus: cpus,
      commandLine: commandLine,
      carrying: system == .initramfs ? Kernel.allCases : [.debian6_1],
      files: system == .initramfs ? [:] : try lab.packages(), mayReset: system != .initramfs)
    for command in commands {
      say("\(guest.release) # \(command)")
      let jumps = command.hasPrefix("kexec -e") || command.hasPrefix("echo c >/proc/sysrq-trigger")
      if command.hasPrefix("then ") {
        guest = try await guest.jump(String(command.dropFirst(5)), returns: true)
      } else if jumps, !command.contains(";") {
        guest = try await guest.jump(command)
      } else {
        let output = try await guest.attempt(command)
        for text in [output.text, output.errors] where !text.isEmpty { say(text) }
        if output.status != 0 { say("exit \(output.status)") }
      }
    }
  }
}

extension Result where Failure == any Error {
  /// The value that `body` returns, or the error that it throws.
  init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}
