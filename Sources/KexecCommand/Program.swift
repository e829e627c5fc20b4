internal import LinuxSystem

/// The entry point for Sources/kexec: runs the program with its arguments.
///
/// - Returns: the exit code.
@_cdecl("kexec_run")
package func runProgram() -> Int32 {
  Command.run(Process.arguments, on: .running).rawValue
}
