internal import KernelImages
internal import KexecPlanning
internal import LinuxSystem

/// What kind of error it is, for programs: the sentence may change, this never does.
enum ErrorCode: Equatable {
  /// Nothing can be planned.
  case planning(PlanningError.Code)
  /// A file is not the kernel that it should be.
  case image(ImageError.Code)
  /// A file cannot be used.
  case file(FileError.Reason)
  /// The running kernel refused a system call.
  case call(Errno)
  case situation(Situation)

  /// What the command itself finds.
  enum Situation: String, CaseIterable {
    /// The arguments make no sense.
    case usage
    /// --machine names a directory that holds no machine.
    case noMachine
    /// The captured machine is of an architecture that cannot be planned for.
    case otherArchitecture
    /// Nothing says of which architecture the captured machine is.
    case unknownArchitecture
    /// The standard output, or a part of it, could not be written.
    case outputLost
    /// A standard stream that is closed cannot be kept from becoming another file.
    case streamsClosed
    /// What is loaded cannot be told.
    case stateUnknown
    case nothingLoaded
    /// The loaded kernel would not get what is kept for it (KHO).
    case handoverLost
    /// Root, or the host of a container, is wanted.
    case notPermitted
    /// kernel.kexec_load_disabled is 1.
    case loadDisabled
    /// kernel.kexec_load_limit_* is used up.
    case loadLimit
    /// The running kernel has no kexec of this kind.
    case notSupported
    /// The memory map has changed since the load.
    case memoryMapChanged
    /// A file was written to while it was loaded.
    case fileChanged
    /// Only the first process namespace may run a kernel.
    case inContainer
    /// A file system was not written.
    case notSynced
    /// The program that shuts down failed, or cannot be run.
    case shutdownFailed
    /// The command line names no kernel to return to.
    case nothingToReturnTo
    case badReturnAddress
    /// The command line has no time stamps.
    case noStamps
    case badStamps
    /// The time stamp counter has been set back.
    case counterSetBack
  }
}

extension ErrorCode {
  /// The code as JSON has it, such as "planning.noRoom" or "call.EPERM".
  var text: String {
    switch self {
    case .planning(let code): "planning.\(code.rawValue)"
    case .image(let code): "image.\(code.rawValue)"
    case .file(.errno(let errno)): "file.\(errno.code)"
    case .file(let reason): "file.\(reason.code.rawValue)"
    case .call(let errno): "call.\(errno.code)"
    case .situation(let situation): situation.rawValue
    }
  }
}

extension Errno {
  /// The name, or the number where we have no use for the name: in one word.
  fileprivate var code: String { name.split(separator: " ").joined() }
}
