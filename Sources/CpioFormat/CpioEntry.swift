/// One member of a cpio archive: a file, a directory, a symbolic link or a device node.
public struct CpioEntry: Equatable, Sendable {
  /// What a member is, with what only that kind has.
  public enum Kind: Equatable, Sendable {
    /// A directory.
    case directory
    /// A regular file with these bytes.
    case file([UInt8])
    /// A symbolic link to this path, which need not exist.
    case symbolicLink(String)
    /// A character device.
    case characterDevice(major: UInt32, minor: UInt32)
    /// A block device.
    case blockDevice(major: UInt32, minor: UInt32)
  }

  /// The member's path: relative, with `/` between its parts.
  public var path: String
  /// What it is.
  public var kind: Kind
  /// The twelve permission bits, for example `0o755`.
  public var permissions: UInt16

  /// Describes a member at `path`; leading slashes are removed.
  public init(_ path: String, _ kind: Kind, permissions: UInt16) {
    self.path = String(path.drop { $0 == "/" })
    self.kind = kind
    self.permissions = permissions
  }

  /// A directory that everybody may enter.
  public static func directory(_ path: String, permissions: UInt16 = 0o755) -> CpioEntry {
    CpioEntry(path, .directory, permissions: permissions)
  }

  /// A file that everybody may read.
  public static func file(
    _ path: String, _ contents: [UInt8], permissions: UInt16 = 0o644
  ) -> CpioEntry {
    CpioEntry(path, .file(contents), permissions: permissions)
  }

  /// A file of text that everybody may read.
  public static func file(
    _ path: String, _ text: String, permissions: UInt16 = 0o644
  ) -> CpioEntry {
    CpioEntry(path, .file(Array(text.utf8)), permissions: permissions)
  }

  /// A symbolic link at `path` that leads to `target`.
  public static func symbolicLink(_ path: String, to target: String) -> CpioEntry {
    CpioEntry(path, .symbolicLink(target), permissions: 0o777)
  }
}
