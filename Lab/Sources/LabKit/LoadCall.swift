/// The system call that a load uses.
public enum LoadCall: String, CaseIterable, Sendable {
  /// kexec_load: the program places every segment itself.
  case classic = "-c"
  /// kexec_file_load: the kernel places the segments.
  case file = "-s"

  /// The name of the system call.
  public var name: String {
    switch self {
    case .classic: "kexec_load"
    case .file: "kexec_file_load"
    }
  }
}

extension Guest {
  /// Loads a kernel and an initrd that are in the guest's /boot.
  @discardableResult
  public func load(
    _ kernel: Kernel, by call: LoadCall, commandLine: String = Lab.commandLine,
    options: String = "", exits status: Int = 0, file: String = #fileID, line: Int = #line
  ) async throws -> Output {
    try await run(
      "kexec \(call.rawValue) \(options) -l \(kernel.path) --initrd=/boot/initrd"
        + " --command-line='\(commandLine)'",
      exits: status, file: file, line: line)
  }
}
