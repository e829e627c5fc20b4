internal import LinuxSystem

/// The whole program, for Sources/kexec: does what its arguments say.
///
/// - Returns: the exit code.
@_cdecl("kexec_run")
package func runProgram() -> Int32 {
  Command.run(Process.arguments, on: .running).rawValue
}
