internal import ByteCoding
internal import CLinux
internal import Glibc

/// The mounted file systems.
package enum FileSystems {
  /// Writes all buffers to the disks. Corresponds to `sync`, which cannot report failures.
  package static func sync() {
    Glibc.sync()
  }

  /// Writes the buffers of every writable mount and waits for the disks. Corresponds to `syncfs`.
  ///
  /// - Returns: the mount points where that failed, with the reason.
  package static func syncForCertain() -> [(mountPoint: String, errno: Errno)] {
    var failures: [(mountPoint: String, errno: Errno)] = []
    var mounts = writableMounts(in: .running)[...]
    // Not more at a time than a process may have open.
    while !mounts.isEmpty {
      failures += syncForCertain(mounts.prefix(200))
      mounts = mounts.dropFirst(200)
    }
    return failures
  }

  private static func syncForCertain(
    _ mounts: ArraySlice<Mount>
  ) -> [(mountPoint: String, errno: Errno)] {
    var failures: [(mountPoint: String, errno: Errno)] = []
    var folders: [(mountPoint: String, number: Int32)] = []
    for mount in mounts {
      let folder = unsafe clinux_open(mount.point.cBytes, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      if folder >= 0 {
        folders.append((mount.point, folder))
      } else if !mount.mayBeUnreachable(errno) {
        failures.append((mount.point, .last))
      }
    }
    // All at once; what goes wrong is told to each that has the file system open.
    sync()
    for (mountPoint, folder) in folders {
      if clinux_syncfs(folder) != 0 { failures.append((mountPoint, .last)) }
      _ = close(folder)
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
    func mayBeUnreachable(_ errno: Int32) -> Bool {
      let isUsers = type == "fuse" || type.hasPrefix("fuse.")
      return errno == ENOENT || errno == ENOTDIR || (errno == EACCES && isUsers)
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
