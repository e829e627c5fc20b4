import Dispatch
import Foundation
import LabKit
import Scenarios

/// Boots real kernels in virtual machines and runs a kexec program in them.
@main
enum LabCommand {
  static let usage = """
    lab test [--tool PATH] [--filter TEXT] [--core] [--all] [--jobs N] [--seed N] [--list]
            [--markdown] [--boot-time SECONDS] [--allowed-skips FILE | --no-skips]
    lab demo [--tool PATH] [--firmware bios|uefi]
    lab bench [--tool PATH] [--kexec-tools PATH | --against PATH] [--runs N] [--native] [--kaslr]
            [--cpu NAME] [--only NAME] [--extra OPTIONS] [--dump]
    lab capture [--kernel 6.1|6.12] [--firmware bios|uefi] [--memory MIB] [--cpus N]
            [--append WORDS] DIR
    lab boot-time [--runs N]
    lab run [--kernel 6.1|6.12] [--firmware bios|uefi] [--memory MIB] [--cpus N] [--append WORDS]
            [--tool PATH] COMMAND...

    Without --tool it is our own program, as `script/build` left it.
    """

  static func main() async {
    // If standard output is a pipe that was closed, the lab must still clean up.
    signal(SIGPIPE, SIG_IGN)
    let interrupts = endEverythingOnInterrupt()
    defer { interrupts.forEach { $0.cancel() } }
    do {
      var arguments = Arguments(CommandLine.arguments.dropFirst())
      let passed: Bool
      switch arguments.next() {
      case "test": passed = try await TestCommand(&arguments).run()
      case "demo": passed = try await DemoCommand(&arguments).run()
      case "bench": passed = try await BenchCommand(&arguments).run()
      case "capture": passed = try await CaptureCommand(&arguments).run()
      case "boot-time": passed = try await BootTimeCommand(&arguments).run()
      case "run": passed = try await RunCommand(&arguments).run()
      default:
        say(usage)
        passed = false
      }
      exit(passed ? 0 : 1)
    } catch {
      FileHandle.standardError.write(Data("lab: \(error)\n".utf8))
      exit(1)
    }
  }

  /// On Ctrl-C, ends the machines first. The sources must be retained.
  private static func endEverythingOnInterrupt() -> [any DispatchSourceSignal] {
    [SIGINT, SIGTERM, SIGHUP].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        endAllMachines()
        exit(128 + number)
      }
      source.resume()
      return source
    }
  }
}

/// Prints a line immediately, even into a pipe: `print` would buffer it.
func say(_ line: String) {
  try? FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8))
}
