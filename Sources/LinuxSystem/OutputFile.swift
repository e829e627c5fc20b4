package import ByteCoding
internal import CLinux
internal import CLibrary

/// A file that is written: a regular file, a block device, or a pipe.
///
/// A regular file has another name, `TARGET-incomplete`, until `publish()`: whatever happens, a file called TARGET is
/// complete, and what was called so before is there until then. It belongs to its owner alone (0600), and no link in its
/// directory is followed.
package final class OutputFile {
  /// What is written.
  package enum Kind: Equatable, Sendable {
    /// A regular file, perhaps of a file system that is in memory only.
    case file(isInMemory: Bool)
    /// A block device of this many bytes.
    case device(byteCount: UInt64)
    /// A pipe, or whatever the standard output is: only the next bytes can be written.
    case pipe
  }

  /// What stands behind the name of a regular file as long as it is not complete.
  package static let suffix = "-incomplete"
  /// The path that stands for the standard output.
  package static let standardOutput = "-"

  /// The path as the user gave it.
  package let path: String
  /// What is written.
  package let kind: Kind
  /// Where what is written can be found until `publish()`.
  package var currentPath: String { target.map { $0.path + Self.suffix } ?? path }

  private let target: Target?
  private let file: OpenOutput
  private let replaces: Bool
  /// Files that get other names when this one does: the name that they have, and the one that they get.
  private var followers: [(old: String, new: String)] = []

  /// A name in a directory.
  private struct Target {
    let directory: OutputDirectory
    let name: String
    /// The name as the user gave it, with the directory.
    var path: String { directory.path + name }
    var draft: String { name + OutputFile.suffix }
    /// What an earlier draft is called as long as the new one is not complete.
    var oldDraft: String { draft + ".old" }
  }

  /// Opens what is to be written. A regular file is made, and is empty.
  ///
  /// - Parameters:
  ///   - path: the path, or `-` for the standard output.
  ///   - replaces: whether a file of that name is to be replaced in the end, and a device may have contents.
  ///   - kernel: what is asked to write, and of the signals that end the writing.
  /// - Throws: for what is there already, a link, a directory, a file that another process is writing.
  package init(path: String, replaces: Bool, on kernel: LinuxKernel) throws(FileError) {
    self.path = path
    self.replaces = replaces
    let calls = kernel.outputs
    func open(_ descriptor: consuming FileDescriptor, isPipe: Bool = false) -> OpenOutput {
      OpenOutput(descriptor, isPipe: isPipe, calls, kernel.signals.interrupt)
    }
    if path == Self.standardOutput {
      file = open(try FileDescriptor(standardOutputCalled: path), isPipe: true)
      (kind, target) = (.pipe, nil)
      return
    }
    let (directory, name) = try Self.place(of: path)
    switch try directory.entry(name) {
    case .directory: throw FileError(path, .directory)
    case .other: throw FileError(path, .notRegular)
    case .link: throw FileError(path, .link)
    case .pipe:
      file = open(try directory.open(name, O_WRONLY), isPipe: true)
      (kind, target) = (.pipe, nil)
    case .device:
      // O_EXCL: not while it is mounted, or part of something else.
      let descriptor = try directory.open(name, O_RDWR | O_EXCL)
      guard case .device(let size) = try descriptor.kind(path: path) else {
        throw FileError(path, .notRegular)
      }
      file = open(descriptor)
      (kind, target) = (.device(byteCount: UInt64(size)), nil)
      if !replaces, try file.hasContents(path: path) { throw FileError(path, .occupied) }
    case let entry:
      guard entry == .nothing || replaces else { throw FileError(path, .exists) }
      let target = Target(directory: directory, name: name)
      let descriptor = try Self.makeDraft(target, replaces: replaces)
      kind = .file(isInMemory: calls.isInMemory(descriptor.number))
      file = open(descriptor)
      self.target = target
    }
  }

  /// The directory that `path` is in, and its name there.
  private static func place(
    of path: String
  ) throws(FileError) -> (directory: OutputDirectory, name: String) {
    let bytes = path.losslessBytes
    let start = bytes.lastIndex(of: 0x2F).map { $0 + 1 } ?? 0
    let name = String(lossless: bytes[start...])
    guard !name.isEmpty, name != ".", name != ".." else {
      throw FileError(path, path.isEmpty ? .errno(.noSuchFile) : .directory)
    }
    let directory = try OutputDirectory(String(lossless: bytes[..<start]))
    // The names that people have for disks are links in /dev, where only the system makes them.
    if try directory.entry(name) == .link, directory.path.hasPrefix("/dev/"),
      let real = RealPath.of(path), real.hasPrefix("/dev/")
    {
      let bytes = real.losslessBytes
      let start = (bytes.lastIndex(of: 0x2F) ?? 0) + 1
      let other = try OutputDirectory(String(lossless: bytes[..<start]))
      let name = String(lossless: bytes[start...])
      if try other.entry(name) == .device { return (other, name) }
    }
    return (directory, name)
  }

  /// Makes the file that gets its name in the end, and locks it, so that two processes never write the same.
  private static func makeDraft(
    _ target: Target, replaces: Bool
  ) throws(FileError) -> FileDescriptor {
    let draft = target.directory.path + target.draft
    if try target.directory.entry(target.draft) != .nothing {
      // That of a process which was interrupted, or is still writing.
      if let old = try? target.directory.open(target.draft, O_RDONLY | O_NONBLOCK) {
        guard clinux_lock(old.number) != 0 else {
          throw FileError(draft, .beingWritten)
        }
      }
      guard replaces else { throw FileError(draft, .exists) }
      try target.directory.rename(target.draft, to: target.oldDraft, replaces: true)
    }
    let descriptor: FileDescriptor
    do throws(FileError) {
      descriptor = try target.directory.create(target.draft)
    } catch {
      throw error.reason == .errno(.exists) ? FileError(draft, .beingWritten) : error
    }
    // Between the two calls another process may have taken it for an old one.
    guard clinux_lock(descriptor.number) != 0,
      target.directory.holds(target.draft, descriptor.number)
    else { throw FileError(draft, .beingWritten) }
    return descriptor
  }
}

extension OutputFile {
  /// Where the bytes go. Not for a pipe, which only takes the next bytes: see `append`.
  package var output: RandomAccessOutput {
    let file = file
    return RandomAccessOutput { (bytes, offset) throws(WriteFailure) in
      try file.write(bytes, at: offset)
    }
  }

  /// Writes the next bytes into a pipe.
  package var append: @Sendable (RawSpan) throws(WriteFailure) -> Void {
    let file = file
    return { (bytes) throws(WriteFailure) in try file.write(bytes, at: nil) }
  }

  /// Whether it is a regular file.
  package var isFile: Bool { target != nil }

  /// How many bytes can be written at most; nil when that is not known.
  package var freeSpace: UInt64? {
    switch kind {
    case .file: file.calls.freeSpace(file.number)
    case .device(let byteCount): byteCount
    case .pipe: nil
    }
  }

  /// Makes a regular file empty, to write it once more.
  package func restart() throws(FileError) {
    guard case .file = kind else { return }
    guard ftruncate(file.number, 0) == 0 else { throw FileError(currentPath, .errno(.last)) }
  }

  /// Waits until the medium has all of it.
  package func sync() throws(FileError) {
    guard kind != .pipe, let errno = file.calls.sync(file.number) else { return }
    throw FileError(currentPath, .errno(errno))
  }

  /// The file, to be read back from the medium; nil where there is none from which that would be possible, or where it
  /// would prove nothing. What was written must have been synchronized.
  ///
  /// Reading past the page cache is not believed alone: some file systems take O_DIRECT and do not obey it.
  package func readBack() throws(FileError) -> RandomAccessFile? {
    guard case .file(isInMemory: false) = kind, let target else { return nil }
    guard case .regular(let size) = try file.descriptor.kind(path: currentPath) else { return nil }
    posix_fadvise(file.number, 0, 0, POSIX_FADV_DONTNEED)
    let direct = file.isDirectPossible ? target.directory.openDirect(target.draft) : nil
    let plain = OpenFile(try target.directory.open(target.draft, O_RDONLY))
    guard target.directory.holds(target.draft, file.number) else {
      throw FileError(currentPath, .beingWritten)
    }
    return RandomAccessFile(
      ReadBack(direct, plain, byteCount: size, file.interrupt), byteCount: UInt64(size))
  }

  /// Reads parts of a regular file from the medium while others are written; nil where that is not known to be possible.
  package func readerBehind()
    -> (@Sendable (_ offset: UInt64, _ count: Int) throws(ReadFailure) -> SharedBytes)?
  {
    guard case .file(isInMemory: false) = kind, let target, file.isDirectCertain,
      let direct = target.directory.openDirect(target.draft),
      target.directory.holds(target.draft, file.number)
    else { return nil }
    let reader = ReadBack(direct, nil, byteCount: .max, file.interrupt)
    return { (offset, count) throws(ReadFailure) in try reader.bytes(offset, count) }
  }

  /// Gives a regular file its name, which it keeps even if the power fails after this. Devices and pipes have theirs.
  package func publish() throws(FileError) {
    guard let target else { return }
    for (old, new) in followers {
      try target.directory.rename(old, to: new, replaces: true)
    }
    followers = []
    try target.directory.rename(target.draft, to: target.name, replaces: replaces)
    if replaces { target.directory.remove(target.oldDraft) }
    target.directory.sync(file.calls)
  }

  /// Leaves what was written as it is; a regular file under the name that says that it is not complete.
  package func keepIncomplete() {
    if kind != .pipe { _ = file.calls.sync(file.number) }
    target?.directory.sync(file.calls)
  }

  /// Removes a regular file that is not complete. Others are as they are.
  ///
  /// - Parameter keepsCompanions: whether the files beside it stay, in place of older ones.
  package func discard(keepsCompanions: Bool = false) {
    guard let target else { return }
    target.directory.remove(target.draft)
    if (try? target.directory.entry(target.oldDraft)) == .file {
      try? target.directory.rename(target.oldDraft, to: target.draft, replaces: false)
    }
    for (old, new) in followers {
      if keepsCompanions {
        try? target.directory.rename(old, to: new, replaces: true)
      } else {
        target.directory.remove(old)
      }
    }
    followers = []
    target.directory.sync(file.calls)
  }

  /// The path of the file beside this one that has `suffix` behind its name; nil for devices and pipes.
  package func companionPath(_ suffix: String) -> String? { target.map { $0.path + suffix } }

  /// Refuses a file beside this one that is there already.
  package func checkCompanion(_ suffix: String) throws(FileError) {
    guard let target else { return }
    let entry = try target.directory.entry(target.name + suffix)
    guard entry == .nothing || (replaces && entry == .file) else {
      throw FileError(
        target.path + suffix, entry == .link ? .link : entry == .directory ? .directory : .exists)
    }
  }

  /// Writes a small file beside this one, with `suffix` behind its name. If there is an older one, that stays until this
  /// file is complete.
  package func writeCompanion(_ suffix: String, _ bytes: [UInt8]) throws(FileError) {
    guard let target else { return }
    let name = target.name + suffix
    let draft = name + ".new"
    target.directory.remove(draft)
    let beside = OpenOutput(
      try target.directory.create(draft), isPipe: false, file.calls, { 0 })
    do throws(WriteFailure) {
      let shared = SharedBytes(bytes)
      try beside.write(shared.span, at: 0)
    } catch {
      target.directory.remove(draft)
      throw FileError(
        target.path + suffix, .errno(error.errno == 0 ? .inputOutput : Errno(rawValue: error.errno))
      )
    }
    if let errno = file.calls.sync(beside.number) {
      target.directory.remove(draft)
      throw FileError(target.path + suffix, .errno(errno))
    }
    followers.removeAll { $0.new == name }
    if replaces, try target.directory.entry(name) != .nothing {
      followers.append((draft, name))
    } else {
      try target.directory.rename(draft, to: name, replaces: false)
    }
  }
}
