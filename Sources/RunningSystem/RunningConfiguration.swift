internal import ByteCoding
internal import Compression
package import LinuxSystem

/// The configuration of the running kernel, if there is a file with it.
package struct RunningConfiguration: Sendable {
  /// The file with the configuration; nil when there is none.
  package let path: String?
  /// Its text behind a line end, so that every line has one before it and one behind it.
  private let text: SharedBytes

  /// Looks for the configuration: in /proc (CONFIG_IKCONFIG_PROC), or where distributions install that of its
  /// release.
  package init(in files: FileTree) {
    // Debian's has 300 kB; no kernel's has more than a few times that.
    let limit = Int.mebibytes(4)
    var found: (path: String, text: [UInt8])?
    if let packed = try? files.read("/proc/config.gz", atMost: limit),
      let unpacked = try? decompress(SharedBytes(packed), as: .gzip, limit: limit)
    {
      found = ("/proc/config.gz", unpacked.bytes.array)
    } else if let release = Self.release(in: files) {
      for path in Self.paths(of: release) where found == nil {
        if let text = try? files.read(path, atMost: limit), !text.isEmpty { found = (path, text) }
      }
    }
    path = found?.path
    text = SharedBytes([UInt8(ascii: "\n")] + (found?.text ?? []) + [UInt8(ascii: "\n")])
  }

  /// Whether `name`, such as `CONFIG_KEXEC`, is built in or a module; nil when no file tells.
  package func isSet(_ name: String) -> Bool? {
    guard path != nil else { return nil }
    return ["y", "m"].contains { text.firstOffset(of: Array("\n\(name)=\($0)\n".utf8)) != nil }
  }

  private static func release(in files: FileTree) -> String? {
    if let release = files.text("/proc/sys/kernel/osrelease"), !release.isEmpty { return release }
    // A captured machine may have only this file.
    return files.releaseInVersion.map(String.init)
  }

  /// Where distributions install the configuration of the kernel `release`.
  package static func paths(of release: String) -> [String] {
    ["/boot/config-\(release)", "/lib/modules/\(release)/config"]
  }
}

extension FileTree {
  /// The release in `/proc/version`, "Linux version RELEASE ..."; nil when it has none.
  var releaseInVersion: Substring? {
    let words = (text("/proc/version") ?? "").split(separator: " ")
    return words.count > 2 ? words[2] : nil
  }
}
