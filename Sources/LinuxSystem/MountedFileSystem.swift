internal import ByteCoding

/// A writable mounted file system with all its mount points. It has the same buffers by whichever mount it is
/// reached. Documented in proc(5), mountinfo.
struct MountedFileSystem {
  /// Where it is mounted.
  struct Place {
    /// The mount's number, which no other mount has in any namespace.
    let id: String
    /// The path of the mount point for this process.
    let path: String
  }

  /// `MAJOR:MINOR`.
  let device: String
  /// Its type, such as `ext4` or `fuse.sshfs`.
  let type: String
  /// Its mount points, at least one.
  var places: [Place]

  /// Whether its files are in memory only, not on a disk or a server.
  var isInMemory: Bool {
    [
      "autofs", "bdev", "binder", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs",
      "devpts", "devtmpfs", "efivarfs", "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore",
      "ramfs", "resctrl", "rootfs", "rpc_pipefs", "securityfs", "selinuxfs", "smackfs", "sysfs",
      "tmpfs", "tracefs",
    ].contains(type)
  }

  /// Whether a program of a user implements it.
  var isUsers: Bool { type == "fuse" || type.hasPrefix("fuse.") }
}

extension FileTree {
  /// The writable mounted file systems, in this mount namespace and in those of other processes (containers,
  /// services); nil when no file lists them.
  func writableFileSystems() -> [MountedFileSystem]? {
    var found: [MountedFileSystem] = []
    guard addMounts(of: "self", below: "", to: &found) else { return nil }
    var seen = [view(of: "self")]
    for process in numberedNames(in: "/proc") ?? [] {
      guard let view = view(of: process), !seen.contains(view) else { continue }
      seen.append(view)
      _ = addMounts(of: process, below: "/proc/\(process)/root", to: &found)
    }
    return found
  }

  /// The mount namespace and the root of a process, which determine the mounts that it sees.
  private func view(of process: String) -> String? {
    linkTarget("/proc/\(process)/ns/mnt").map { $0 + (linkTarget("/proc/\(process)/root") ?? "") }
  }

  /// Adds the mounts that `process` sees, whose root is at `root` here.
  ///
  /// - Returns: whether its file could be read.
  private func addMounts(
    of process: String, below root: String, to found: inout [MountedFileSystem]
  ) -> Bool {
    guard let text = text("/proc/\(process)/mountinfo"), !text.isEmpty else { return false }
    // "36 35 98:0 /root/there /mnt rw,noatime master:1 - ext4 /dev/vda1 rw,errors=continue": the last word
    // has the options of the file system, and the one before the tags those of this mount.
    for line in text.lines {
      let words = line.parts(0x20)
      guard let mark = words.firstIndex(of: "-"), mark >= 6, words.count > mark + 3,
        words[mark + 3].parts(0x2C).contains("rw")
      else { continue }
      let place = MountedFileSystem.Place(
        id: String(words[0]), path: root + Self.unescaped(words[4]))
      let device = String(words[2])
      if let index = found.firstIndex(where: { $0.device == device }) {
        if !found[index].places.contains(where: { $0.id == place.id }) {
          found[index].places.append(place)
        }
      } else {
        found.append(
          MountedFileSystem(device: device, type: String(words[mark + 1]), places: [place]))
      }
    }
    return true
  }

  /// Undoes the `\040` escapes of the file. Documented in fstab(5).
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

  /// Whether the open file `number` belongs to `system`, since another mount may hide its mount point. True
  /// if the kernel does not tell.
  func isOpen(_ number: Int32, in system: MountedFileSystem) -> Bool {
    guard let id = text("/proc/self/fdinfo/\(number)")?.lines(after: "mnt_id:\t").first else {
      return true
    }
    return system.places.contains { $0.id == id }
  }
}
