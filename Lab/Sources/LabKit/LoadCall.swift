/// The system call that a load goes through.
public enum LoadCall: String, CaseIterable, Sendable {
  /// kexec_load: the program places every segment itself.
  case classic = "-c"
  /// kexec_file_load: the kernel does it.
  case file = "-s"

  /// The name of the call.
  public var name: String {
    switch self {
    case .classic: "kexec_load"
    case .file: "kexec_file_load"
    }
  }
}

extension Guest {
  /// Loads a kernel that the guest carries, with the initrd that it carries.
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
