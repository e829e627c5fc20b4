/// A system call by which a kernel is loaded and unloaded.
package enum LoadCall: Equatable, Sendable {
  /// kexec_load: the caller makes the segments.
  case segments
  /// kexec_file_load: the kernel makes them from files.
  case file

  /// The call's name.
  package var name: String {
    switch self {
    case .segments: "kexec_load"
    case .file: "kexec_file_load"
    }
  }
}
