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
    sync()
    var failures: [(mountPoint: String, errno: Errno)] = []
    for mountPoint in writableMountPoints() {
      let folder = unsafe clinux_open(mountPoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard folder >= 0 else {
        // A mount point below another mount, or on a dead network share, cannot be reached.
        // A user's FUSE mount lets nobody else in, not even root; it has no buffers of ours.
        if ![ENOENT, ENOTDIR, EACCES].contains(errno) { failures.append((mountPoint, .last)) }
        continue
      }
      if clinux_syncfs(folder) != 0 { failures.append((mountPoint, .last)) }
      _ = close(folder)
    }
    return failures
  }

  private static func writableMountPoints() -> [String] {
    let lines = FileTree.running.text("/proc/self/mounts") ?? ""
    return lines.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count >= 4, words[3].split(separator: ",").contains("rw"),
        // Opening one would mount what it stands for, and may wait for a dead server.
        words[2] != "autofs"
      else { return nil }
      return unescaped(words[1])
    }
  }

  /// Undoes the `\040` escapes of /proc/self/mounts. Documented in fstab(5).
  private static func unescaped(_ word: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(word.utf8)[...]
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
    return String(decoding: bytes, as: UTF8.self)
  }
}
