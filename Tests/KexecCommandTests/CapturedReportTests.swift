import TestSupport
import Testing

@testable import KexecCommand
@testable import KexecPlanning
@testable import LinuxSystem

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// `--report` of a captured machine: it reads only that machine's files.
  @Suite struct CapturedReportTests {
    private static func text(_ text: String) -> [UInt8]? { Array(text.utf8) }

    private static var stamps: String {
      var stamps = TimeStamps(loaded: 1000, wallClock: 6000)
      (stamps.entered, stamps.checked) = (3_001_000, 3_501_000)
      return "quiet \(stamps.word)\n"
    }

    private static let detected = "[    0.000000] tsc: Detected 2000.000 MHz processor\n"
    private static let refined =
      "[    1.999] tsc: Refined TSC clocksource calibration: 1000.000 MHz\n"
    private static let run = "[    2.345678] Run /init as init process\n"

    /// The captured machine's log, its record of the jump, and the four times in nanoseconds.
    @Test(
      "A report of a captured machine takes its times from that machine's files only",
      arguments: [
        ("", nil, [nil, nil, nil, nil]),
        (detected, nil, [nil, 250_000, nil, nil]),
        (detected + refined + run, nil, [nil, 500_000, nil, 2_345_678_000]),
        (refined, "6000\n", [3_000_000, 500_000, nil, nil]),
        (
          "5,1,9,-;tsc: Detected 2000.000 MHz TSC\n6,700,2345678,-;Run /sbin/init as init process\n",
          "6000\n", [1_500_000, 250_000, nil, 2_345_678_000]
        ),
        ("tsc: Detected many MHz processor\nRun /init\n", "6000\n", [nil, nil, nil, nil]),
      ] as [(String, String?, [UInt64?])])
    func reportsTimesOfTheCapturedMachine(log: String, jump: String?, wanted: [UInt64?]) {
      let files: [String: [UInt8]?] = [
        // This computer's own files must not be read.
        LoadRecords.jump: Self.text("6001\n"), "/dev/kmsg": Self.text(Self.refined + Self.run),
        "/m/proc/cmdline": Self.text(Self.stamps), "/m/dev/kmsg": Self.text(log),
        "/m\(LoadRecords.jump)": jump.flatMap(Self.text),
      ]
      for line in [
        "--report --machine=@/m", "report --machine=@/m", "--report --dry-run --machine=@/m",
      ] {
        // This computer's counter is below all stamps, as if it had just started.
        let kernel = FakeKernel(files) { $0.counter = 1 }
        #expect(kernel.run("\(line) --json") == .success, "\(kernel.errors)")
        let names = ["shutdown", "check", "kernelStart", "kernelToInit"]
        for (name, time) in zip(names, wanted) {
          let value = time.map { "\($0)" } ?? "null"
          #expect(
            kernel.output.contains("\"\(name)Nanoseconds\": \(value)"), "\(name): \(kernel.output)")
        }
        let spoken = FakeKernel(files) { $0.counter = 1 }
        #expect(spoken.run(line) == .success)
        #expect(
          spoken.output.split(separator: "\n").count { $0.contains(" unknown  ") }
            == wanted.count { $0 == nil })
      }
    }

    @Test("A report of a captured machine ignores the time stamps on the running command line")
    func ignoresStampsOfTheRunningMachine() {
      let kernel = FakeKernel([
        "/proc/cmdline": Self.text(Self.stamps), "/m/proc/cmdline": Self.text("quiet\n"),
      ])
      #expect(kernel.run("--report --machine=@/m") == .usage)
      #expect(kernel.errors.hasPrefix("kexec: this system's command line has no time stamps\n"))
    }
  }
}
