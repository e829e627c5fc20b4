import ByteCoding
import TestSupport
import Testing

@testable import KexecCommand
@testable import KexecPlanning

@Suite struct RealModeMessageTests {
  /// What is wrong, whether `--real-mode` was given, and the message.
  static let rows: [(PlanningError, Bool, String)] = [
    (
      .realMode(.noBIOS), true,
      "--real-mode: this machine was booted by EFI, and there is no BIOS that the kernel could ask"
    ),
    // Nobody has asked for real mode when the kernel has no other entry.
    (
      .realMode(.noBIOS), false,
      "\"vmlinuz\": for real mode only: this machine was booted by EFI, and there is no BIOS that the "
        + "kernel could ask"
    ),
    (
      .realMode(.tooLarge(60_000)), true,
      "--real-mode: real-mode part (58.5 KiB) and command line do not fit into 64 KiB"
    ),
    (
      .realModeOnly(option: "-p"), false,
      "\"vmlinuz\": it has no entry but the one in real mode, which does not go with -p"
    ),
  ]

  @Test(
    "A real-mode error begins with --real-mode if that was given, else with the file",
    arguments: rows)
  func explainsRealModeErrors(error: PlanningError, isAsked: Bool, message: String) {
    var request = LoadRequest(kernel: .init(path: "vmlinuz", bytes: SharedBytes([])))
    if isAsked { request.options.entry = .realMode }
    let found = CommandError(
      error, request: request, machine: TemporaryTree([:]).machine, after: nil)
    #expect(found.message == message)
    #expect(found.exitCode == .failure)
  }
}
