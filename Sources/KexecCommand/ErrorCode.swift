internal import CrashDumps
internal import CrashLogs
internal import KernelImages
internal import KexecPlanning
internal import LinuxSystem

/// The kind of an error, for programs. Sentences may change, codes never do.
enum ErrorCode: Equatable {
  /// No plan is possible.
  case planning(PlanningError.Code)
  /// A kernel file is not valid.
  case image(ImageError.Code)
  /// A file cannot be used.
  case file(FileError.Reason)
  /// The running kernel refused a system call.
  case call(Errno)
  /// A dump of a crashed kernel cannot be read.
  case dump(CrashImageError.Code)
  /// The log in a dump cannot be read.
  case log(CrashLogError.Code)
  case situation(Situation)

  /// Errors that the command itself finds.
  enum Situation: String, CaseIterable {
    /// The arguments are wrong.
    case usage
    /// --machine names a directory that holds no machine.
    case noMachine
    /// The architecture of the captured machine is not supported.
    case otherArchitecture
    /// The architecture of the captured machine is unknown.
    case unknownArchitecture
    /// Standard output, or a part of it, could not be written.
    case outputLost
    /// A standard stream is closed, and its number could not be kept from being used for another
    /// file.
    case streamsClosed
    /// It is unknown whether something is loaded.
    case stateUnknown
    case nothingLoaded
    /// The state that is kept for the loaded kernel (KHO) would be lost.
    case handoverLost
    /// Only root may do it, or only the host of a container.
    case notPermitted
    /// kernel.kexec_load_disabled is 1.
    case loadDisabled
    /// The number of loads that kernel.kexec_load_limit_* allows is used up.
    case loadLimit
    /// The running kernel has no kexec of this kind.
    case notSupported
    /// The memory map has changed since the load.
    case memoryMapChanged
    /// A file was changed while it was loaded, or a dump became shorter while it was read.
    case fileChanged
    /// The jump is possible only from the first process namespace.
    case inContainer
    /// A file system could not be written.
    case notSynced
    /// The shutdown program failed, or could not be started.
    case shutdownFailed
    /// The kernel's command line names no kernel to jump back to.
    case nothingToReturnTo
    case badReturnAddress
    /// The kernel's command line has no time stamps.
    case noStamps
    case badStamps
    /// The time stamp counter was reset after the load.
    case counterSetBack
    /// The space is not enough for a dump.
    case noSpace
    /// A signal has ended the saving of a dump.
    case interrupted
    /// The target of a dump does not take it.
    case targetFailed
    /// Nobody reads the dump any more that is written to the standard output.
    case readerGone
    /// A dump is not what was written, or contradicts itself.
    case wrongDump
    /// A dump is not complete.
    case cutShort
  }
}

extension ErrorCode {
  /// The code as it is in JSON, such as "planning.noRoom" or "call.EPERM".
  var text: String {
    switch self {
    case .planning(let code): "planning.\(code.rawValue)"
    case .image(let code): "image.\(code.rawValue)"
    case .dump(let code): "dump.\(code.rawValue)"
    case .file(.errno(let errno)): "file.\(errno.code)"
    case .file(let reason): "file.\(reason.code.rawValue)"
    case .call(let errno): "call.\(errno.code)"
    case .log(let code): "log.\(code.rawValue)"
    case .situation(let situation): situation.rawValue
    }
  }
}

extension Errno {
  /// The errno's name, without spaces: an errno that has no name here is written with its number.
  fileprivate var code: String { name.split(separator: " ").joined() }
}
