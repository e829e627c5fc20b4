internal import ByteCoding
internal import Compression
package import LinuxSystem

/// How the running kernel was built, where a file says so: its lines `CONFIG_NAME=VALUE`.
package struct RunningConfiguration: Sendable {
  /// The file that says so.
  package let path: String
  private let text: [UInt8]

  /// Reads `/proc/config.gz`, or the file that distributions have for the release in `/proc/version`;
  /// nil without any.
  package init?(in files: FileTree) {
    // Of Debian 300 kB; no kernel has more than a few.
    let limit = 4 << 20
    if let packed = try? files.read("/proc/config.gz", atMost: limit),
      let unpacked = try? decompress(SharedBytes(packed), as: .gzip, limit: limit)
    {
      path = "/proc/config.gz"
      text = unpacked.bytes.array
      return
    }
    // "Linux version RELEASE ..."
    let words = (files.text("/proc/version") ?? "").split(separator: " ")
    guard words.count > 2 else { return nil }
    for path in ["/boot/config-\(words[2])", "/lib/modules/\(words[2])/config"] {
      if let text = try? files.read(path, atMost: limit), !text.isEmpty {
        self.path = path
        self.text = text
        return
      }
    }
    return nil
  }

  /// Whether `name`, such as `CONFIG_KEXEC`, is built in or a module.
  package func has(_ name: String) -> Bool {
    let lines = ["\(name)=y", "\(name)=m"].map { Array($0.utf8) }
    return text.split(separator: UInt8(ascii: "\n")).contains { lines.contains(Array($0)) }
  }
}
