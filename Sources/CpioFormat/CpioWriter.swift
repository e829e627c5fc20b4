/// Writes a cpio archive in the "newc" format, the one that Linux unpacks as an initramfs.
///
/// The layout is that of the kernel's `Documentation/driver-api/early-userspace/buffer-format.rst`.
/// The same members in the same order give the same bytes: times, owners and devices are 0.
public struct CpioWriter: Sendable {
  private var bytes: [UInt8] = []
  private var paths: Set<String> = []

  /// Starts an empty archive.
  public init() {}

  /// Adds `entry`, and the directories above it that the archive does not have yet: the kernel does not
  /// create missing directories.
  ///
  /// - Throws: `CpioError` when the format cannot hold the member; then nothing was added.
  public mutating func append(_ entry: CpioEntry) throws(CpioError) {
    guard Self.isUsable(entry.path) else { throw .unusablePath(entry.path) }
    guard !paths.contains(entry.path) else { throw .duplicate(entry.path) }
    let size = entry.contentSize
    guard UInt32(exactly: size) != nil else { throw .tooLong(path: entry.path, size: size) }

    for parent in Self.directories(above: entry.path) where !paths.contains(parent) {
      write(.directory(parent))
    }
    write(entry)
  }

  /// The whole archive, with the member that marks its end, padded to a multiple of 512 bytes.
  public func archive() -> [UInt8] {
    var finished = self
    finished.writeHeader(
      path: Self.trailer, number: 0, mode: 0, links: 1, size: 0, device: (0, 0))
    finished.pad(to: Self.blockSize)
    return finished.bytes
  }

  private static let magic = "070701"
  private static let trailer = "TRAILER!!!"
  /// Archives are filled up to a multiple of this, as cpio(1) does.
  private static let blockSize = 512

  private static func isUsable(_ path: String) -> Bool {
    !path.isEmpty && path != trailer && !path.utf8.contains(0)
      && path.utf8.count < Int(UInt16.max)
  }

  /// `a/b/c` gives `a`, `a/b`.
  private static func directories(above path: String) -> [String] {
    path.indices.filter { path[$0] == "/" }.map { String(path[..<$0]) }
  }

  private mutating func write(_ entry: CpioEntry) {
    paths.insert(entry.path)
    writeHeader(
      path: entry.path,
      number: UInt32(truncatingIfNeeded: paths.count),
      mode: entry.mode,
      links: entry.kind == .directory ? 2 : 1,
      size: UInt32(truncatingIfNeeded: entry.contentSize),
      device: entry.device)
    switch entry.kind {
    case .file(let contents): bytes.append(contentsOf: contents)
    case .symbolicLink(let target): bytes.append(contentsOf: target.utf8)
    case .directory, .characterDevice, .blockDevice: break
    }
    pad(to: 4)
  }

  /// Thirteen numbers of eight hexadecimal digits after the magic, then the path and its NUL.
  private mutating func writeHeader(
    path: String, number: UInt32, mode: UInt32, links: UInt32, size: UInt32,
    device: (major: UInt32, minor: UInt32)
  ) {
    bytes.append(contentsOf: Self.magic.utf8)
    let pathSize = UInt32(truncatingIfNeeded: path.utf8.count + 1)
    let fields: [UInt32] = [
      number, mode, /*uid*/ 0, /*gid*/ 0, links, /*mtime*/ 0, size,
      /*dev*/ 0, 0, /*rdev*/ device.major, device.minor, pathSize, /*checksum*/ 0,
    ]
    for field in fields { appendHexadecimal(field) }
    bytes.append(contentsOf: path.utf8)
    bytes.append(0)
    pad(to: 4)
  }

  private mutating func appendHexadecimal(_ value: UInt32) {
    for shift in stride(from: UInt32(28), through: 0, by: -4) {
      let digit = UInt8(truncatingIfNeeded: (value >> shift) & 0xF)
      bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
  }

  private mutating func pad(to multiple: Int) {
    let excess = bytes.count % multiple
    if excess > 0 { bytes.append(contentsOf: repeatElement(0, count: multiple - excess)) }
  }
}

extension CpioEntry {
  /// Bytes of content that follow the header.
  var contentSize: Int {
    switch kind {
    case .file(let contents): contents.count
    case .symbolicLink(let target): target.utf8.count
    case .directory, .characterDevice, .blockDevice: 0
    }
  }

  /// `st_mode`: the type bits of `<sys/stat.h>` and the permissions.
  var mode: UInt32 {
    let type: UInt32 =
      switch kind {
      case .directory: 0o040000
      case .file: 0o100000
      case .symbolicLink: 0o120000
      case .characterDevice: 0o020000
      case .blockDevice: 0o060000
      }
    return type | UInt32(permissions & 0o7777)
  }

  /// `st_rdev` in its two halves.
  var device: (major: UInt32, minor: UInt32) {
    switch kind {
    case .characterDevice(let major, let minor), .blockDevice(let major, let minor):
      (major, minor)
    case .directory, .file, .symbolicLink:
      (0, 0)
    }
  }
}
