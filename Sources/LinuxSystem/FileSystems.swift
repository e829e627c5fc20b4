internal import ByteCoding
internal import CLinux
internal import Glibc

/// The mounted file systems.
package struct FileSystems: Sendable {
  /// Starts writing all buffers to the disks. Corresponds to `sync`, which cannot report failures.
  package var sync: @Sendable () -> Void
  /// Opens a mount point, and gives the number of the open file. Corresponds to
  /// `open(path, O_RDONLY | O_DIRECTORY)`.
  package var openMount: @Sendable (_ path: String) -> Result<Int32, Errno>
  /// Writes the buffers of the file system that a file is on, and waits for the disk: nil when that
  /// worked. Corresponds to `syncfs`.
  package var syncMount: @Sendable (_ number: Int32) -> Errno?
  /// Closes what `openMount` has opened.
  package var closeMount: @Sendable (_ number: Int32) -> Void

  /// File systems that are written by these.
  package init(
    sync: @escaping @Sendable () -> Void,
    openMount: @escaping @Sendable (_ path: String) -> Result<Int32, Errno>,
    syncMount: @escaping @Sendable (_ number: Int32) -> Errno?,
    closeMount: @escaping @Sendable (_ number: Int32) -> Void
  ) {
    self.sync = sync
    self.openMount = openMount
    self.syncMount = syncMount
    self.closeMount = closeMount
  }

  /// Those of the running kernel.
  package static let running = FileSystems {
    Glibc.sync()
  } openMount: { path in
    let number = unsafe clinux_open(path.cBytes, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    return number >= 0 ? .success(number) : .failure(.last)
  } syncMount: { number in
    .ofCall(clinux_syncfs(number))
  } closeMount: { number in
    _ = close(number)
  }
}

extension FileSystems {
  /// Writes the buffers of every writable mount that `files` has, and waits for the disks.
  ///
  /// - Returns: the mount points where that failed, with the reason.
  package func syncForCertain(
    mountsIn files: FileTree
  ) -> [(mountPoint: String, errno: Errno)] {
    var failures: [(mountPoint: String, errno: Errno)] = []
    var mounts = Self.writableMounts(in: files)[...]
    // Not more at a time than a process may have open.
    while !mounts.isEmpty {
      failures += syncForCertain(mounts.prefix(200))
      mounts = mounts.dropFirst(200)
    }
    return failures
  }

  private func syncForCertain(
    _ mounts: ArraySlice<Mount>
  ) -> [(mountPoint: String, errno: Errno)] {
    var failures: [(mountPoint: String, errno: Errno)] = []
    var open: [(mountPoint: String, number: Int32)] = []
    for mount in mounts {
      switch openMount(mount.point) {
      case .success(let number): open.append((mount.point, number))
      case .failure(let errno) where mount.mayBeUnreachable(errno): break
      case .failure(let errno): failures.append((mount.point, errno))
      }
    }
    // All at once; what goes wrong is told to each that has the file system open.
    sync()
    for (mountPoint, number) in open {
      if let errno = syncMount(number) { failures.append((mountPoint, errno)) }
      closeMount(number)
    }
    return failures
  }

  /// A mounted file system.
  struct Mount: Equatable {
    let point: String
    /// Its type, such as `ext4` or `fuse.sshfs`.
    let type: String

    /// Whether it is no loss that its root cannot be opened: it may be below another mount, and a
    /// user's FUSE mount lets nobody else in, not even root; it has no buffers of ours.
    func mayBeUnreachable(_ errno: Errno) -> Bool {
      let isUsers = type == "fuse" || type.hasPrefix("fuse.")
      return errno == .noSuchFile || errno == .notDirectory || (errno == .accessDenied && isUsers)
    }
  }

  /// Where file systems are mounted that can be written, but those that are only waited for.
  static func writableMounts(in files: FileTree) -> [Mount] {
    let lines = files.text("/proc/self/mounts") ?? ""
    return lines.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count >= 4, words[3].split(separator: ",").contains("rw"),
        // Opening one would mount what it stands for, and may wait for a dead server.
        words[2] != "autofs"
      else { return nil }
      return Mount(point: unescaped(words[1]), type: String(words[2]))
    }
  }

  /// Undoes the `\040` escapes of /proc/self/mounts. Documented in fstab(5).
  private static func unescaped(_ word: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = word.losslessBytes[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"),
        let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8), digits.count == 3
      {
        bytes.append(code)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(lossless: bytes)
  }
}
