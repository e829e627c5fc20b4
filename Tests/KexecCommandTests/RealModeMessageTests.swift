import ByteCoding
import TestSupport
import Testing

@testable import KexecCommand
@testable import KexecPlanning

@Suite struct RealModeMessageTests {
  /// The error, whether `--real-mode` was given, and the message.
  static let rows: [(PlanningError, Bool, String)] = [
    (
      .realMode(.noBIOS), true,
      "--real-mode: this machine was booted by EFI, so there is no BIOS for the kernel to call"
    ),
    // The user did not ask for real mode, but the kernel has no other entry.
    (
      .realMode(.noBIOS), false,
      "\"vmlinuz\": it has only a real-mode entry: this machine was booted by EFI, so there is no BIOS for the "
        + "kernel to call"
    ),
    (
      .realMode(.tooLarge(60_000)), true,
      "--real-mode: the real-mode part (58.5 KiB) and the command line do not fit into 64 KiB"
    ),
    (
      .realModeOnly(option: "-p"), false,
      "\"vmlinuz\": it has only a real-mode entry, which cannot be used with -p"
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
