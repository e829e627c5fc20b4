internal import ByteCoding
internal import CLinux
internal import CLibrary

/// A directory in which files are written. What is in it is reached by its open file, and links in it are never followed:
/// nobody can turn a file that root writes into another one.
final class OutputDirectory: Sendable {
  /// The directory as the user named it, with its final slash; empty for the one that the process is in.
  let path: String
  private let descriptor: FileDescriptor

  /// What a name stands for.
  enum Entry: Equatable {
    case nothing, file, directory, link, device, pipe, other
  }

  /// The directory at `path`. Its own path may have links: the user has named it.
  init(_ path: String) throws(FileError) {
    self.path = path
    let number = unsafe clinux_open_directory((path.isEmpty ? "." : path).cBytes)
    guard number >= 0 else { throw FileError(path.isEmpty ? "." : path, .errno(.last)) }
    descriptor = FileDescriptor(owning: number)
  }

  /// What is called `name`.
  func entry(_ name: String) throws(FileError) -> Entry {
    let mode = unsafe clinux_mode_in(descriptor.number, name.cBytes)
    guard mode >= 0 else {
      let errno = Errno.last
      if errno == .noSuchFile { return .nothing }
      throw FileError(path + name, .errno(errno))
    }
    return switch mode_t(truncatingIfNeeded: mode) & S_IFMT {
    case S_IFREG: .file
    case S_IFDIR: .directory
    case S_IFLNK: .link
    case S_IFBLK: .device
    case S_IFIFO: .pipe
    default: .other
    }
  }

  /// Makes the file `name`, for its owner alone. Fails with EEXIST if there is anything of that name. Corresponds to
  /// `openat(…, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600)`.
  func create(_ name: String) throws(FileError) -> FileDescriptor {
    let number = retryOnInterrupt { unsafe clinux_create_in(descriptor.number, name.cBytes) }
    guard number >= 0 else { throw FileError(path + name, .errno(.last)) }
    return FileDescriptor(owning: number)
  }

  /// Opens `name` with these flags; a link is refused. Corresponds to `openat(…, O_NOFOLLOW)`.
  func open(_ name: String, _ flags: CInt) throws(FileError) -> FileDescriptor {
    let number = retryOnInterrupt { unsafe clinux_open_in(descriptor.number, name.cBytes, flags) }
    guard number >= 0 else { throw FileError(path + name, .errno(.last)) }
    return FileDescriptor(owning: number)
  }

  /// Opens `name` for reading past the page cache; nil where that is not possible. Corresponds to `O_DIRECT`.
  func openDirect(_ name: String) -> OpenFile? {
    let number = retryOnInterrupt { unsafe clinux_open_direct_in(descriptor.number, name.cBytes) }
    return number >= 0 ? OpenFile(FileDescriptor(owning: number)) : nil
  }

  /// Whether `name` is the open file `number`.
  func holds(_ name: String, _ number: Int32) -> Bool {
    unsafe clinux_is_in(descriptor.number, name.cBytes, number) != 0
  }

  /// Gives the file `old` the name `new`; what has that name is lost if `replaces`, and otherwise it is an error.
  func rename(_ old: String, to new: String, replaces: Bool) throws(FileError) {
    if !replaces {
      if unsafe clinux_rename_new(descriptor.number, old.cBytes, new.cBytes) == 0 { return }
      let errno = Errno.last
      guard errno == .invalidArgument || errno == .notImplemented else {
        throw FileError(path + new, errno == .exists ? .exists : .errno(errno))
      }
      // This file system cannot do it in one step.
      guard try entry(new) == .nothing else { throw FileError(path + new, .exists) }
    }
    guard
      unsafe renameat(descriptor.number, old.cBytes, descriptor.number, new.cBytes) == 0
    else { throw FileError(path + new, .errno(.last)) }
  }

  /// Removes the file `name`, if there is one.
  func remove(_ name: String) {
    _ = unsafe unlinkat(descriptor.number, name.cBytes, 0)
  }

  /// Waits until the medium has the names of the files, as far as the file system can do that.
  func sync(_ calls: OutputCalls) {
    // An open file that is only a path cannot be written.
    guard let file = try? open(".", O_RDONLY | O_DIRECTORY) else { return }
    _ = calls.sync(file.number)
  }
}
