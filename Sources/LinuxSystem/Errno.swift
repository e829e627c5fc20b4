internal import CLinux
internal import CLibrary

/// An error number of the kernel. Corresponds to `errno`.
package struct Errno: Error, Hashable, Sendable {
  /// The number, as in `errno.h`.
  package let rawValue: Int32

  /// The error `rawValue`.
  package init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// The error of the C call that has just failed on this thread.
  static var last: Errno { Errno(rawValue: errno) }

  /// The error of the C call that has just given `result`: nil for 0, which means success.
  static func ofCall(_ result: some BinaryInteger) -> Errno? { result == 0 ? nil : .last }

  /// The C library's words for the error, as `strerror` gives them.
  package var message: String {
    // SAFETY: strerror returns a terminated string that lives until the next call on this thread.
    unsafe strerror(rawValue).map { unsafe String(cString: $0) } ?? "error \(rawValue)"
  }

  /// The name in `errno.h`, or the number if the C library knows no name for it.
  package var name: String {
    // SAFETY: the names are constants of the C library.
    unsafe clinux_errno_name(rawValue).map { unsafe String(cString: $0) } ?? "errno \(rawValue)"
  }

  /// EPERM.
  package static let notPermitted = Errno(rawValue: EPERM)
  /// ENOENT.
  package static let noSuchFile = Errno(rawValue: ENOENT)
  /// EIO.
  package static let inputOutput = Errno(rawValue: EIO)
  /// EBADF: there is no such open file, or it is not open for that.
  package static let notOpen = Errno(rawValue: EBADF)
  /// ENOTDIR.
  package static let notDirectory = Errno(rawValue: ENOTDIR)
  /// EACCES.
  package static let accessDenied = Errno(rawValue: EACCES)
  /// EBUSY.
  package static let busy = Errno(rawValue: EBUSY)
  /// EAGAIN.
  package static let tryAgain = Errno(rawValue: EAGAIN)
  /// EINVAL.
  package static let invalidArgument = Errno(rawValue: EINVAL)
  /// ENODEV.
  package static let noDevice = Errno(rawValue: ENODEV)
  /// ENOEXEC.
  package static let notExecutable = Errno(rawValue: ENOEXEC)
  /// ENOMEM.
  package static let outOfMemory = Errno(rawValue: ENOMEM)
  /// EEXIST.
  package static let exists = Errno(rawValue: EEXIST)
  /// ENOSPC.
  package static let noSpace = Errno(rawValue: ENOSPC)
  /// EDQUOT: no more space by a quota.
  package static let quotaExceeded = Errno(rawValue: EDQUOT)
  /// EPIPE: nobody reads from the pipe any more.
  package static let brokenPipe = Errno(rawValue: EPIPE)
  /// EROFS.
  package static let readOnly = Errno(rawValue: EROFS)
  /// ENOSYS.
  package static let notImplemented = Errno(rawValue: ENOSYS)
  /// EOPNOTSUPP.
  package static let notSupported = Errno(rawValue: EOPNOTSUPP)
  /// EADDRNOTAVAIL.
  package static let addressNotAvailable = Errno(rawValue: EADDRNOTAVAIL)
  /// EFAULT.
  package static let badAddress = Errno(rawValue: EFAULT)
  /// EFBIG.
  package static let fileTooBig = Errno(rawValue: EFBIG)
  /// EINTR.
  package static let interrupted = Errno(rawValue: EINTR)
  /// ETXTBSY.
  package static let textFileBusy = Errno(rawValue: ETXTBSY)
  /// EKEYREJECTED: a signature that does not verify.
  package static let keyRejected = Errno(rawValue: EKEYREJECTED)
  /// ENOKEY: a signature by a key that the kernel does not have.
  package static let noKey = Errno(rawValue: ENOKEY)
  /// ENOPKG: a signature by an algorithm that the kernel does not have.
  package static let noPackage = Errno(rawValue: ENOPKG)
  /// EBADMSG: a signature that is not well-formed.
  package static let badMessage = Errno(rawValue: EBADMSG)
  /// ELIBBAD: a file that is not in the form that a signed kernel has.
  package static let badLibrary = Errno(rawValue: ELIBBAD)
  /// ENODATA: a kernel without a signature.
  package static let noData = Errno(rawValue: ENODATA)

  /// EMSGSIZE: a signature that is longer than the image says.
  package static let messageSize = Errno(rawValue: EMSGSIZE)
}
