internal import ByteCoding
internal import Compression
internal import CrashDumps
internal import DumpWriting
internal import LinuxSystem

extension DumpCommand {
  /// `kexec dump convert`: another form of a dump, a higher level, or a flattened file and what is inside. What the
  /// options do not ask for stays as it is.
  func convert() throws(CommandError) -> ExitCode {
    .success
  }
}
