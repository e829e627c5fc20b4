import Foundation

/// The paths of the lab's files, all below the root of the repository.
///
/// The lab works in that directory, and paths are relative to it: the address of a unix socket has
/// at most 108 bytes, and the path of a checkout may be long.
public struct Workshop: Sendable {
  /// Packages of Debian, unpacked by `script/bootstrap`.
  public let debian = ".lab/debian"
  /// Programs for guests, compiled by `script/bootstrap`.
  public let tools = ".lab/tools"
  /// Disks for guests, made by `script/bootstrap`.
  let disks = ".lab/disks"
  /// The kernels of `script/test-kernel` and `script/newest-kernel`, each in a directory of its
  /// own.
  let kernels = ".lab/kernels"
  /// Packages of Debian for i386, unpacked by `script/bootstrap`.
  let i386 = ".lab/i386"
  /// The tools for making unified kernel images, unpacked by `script/bootstrap`.
  public let uki = ".lab/uki"
  /// The module of `script/crash-module`, in a directory for each kernel.
  let crashModule = ".lab/crash-module"
  /// The sources of what runs in a guest.
  public let guest = "Lab/Guest"
  /// The directory of this run's logs.
  public let logs: String
  /// The directory of this run's sockets and initramfs files; it is removed at the end.
  public let scratch: String

  /// Changes to the root of the repository that contains the current directory.
  public init() throws {
    let files = FileManager.default
    var directory = URL(fileURLWithPath: files.currentDirectoryPath)
    while !files.fileExists(atPath: directory.appending(path: "Lab/Guest/init").path) {
      guard directory.path != "/" else {
        throw Failure("run the lab inside the repository")
      }
      directory.deleteLastPathComponent()
    }
    guard files.changeCurrentDirectoryPath(directory.path) else {
      throw Failure("cannot enter \(directory.path)")
    }
    let clock = DateFormatter()
    clock.dateFormat = "yyyyMMdd-HHmmss"
    let run = "\(clock.string(from: Date()))-\(ProcessInfo.processInfo.processIdentifier)"
    logs = ".lab/logs/\(run)"
    scratch = ".lab/run/\(run)"
    guard files.fileExists(atPath: debian + "/.complete") else {
      throw Failure("no kernels yet: run script/bootstrap first")
    }
    Self.removeLeftovers()
    try files.createDirectory(atPath: logs, withIntermediateDirectories: true)
    try files.createDirectory(atPath: scratch, withIntermediateDirectories: true)
  }

  /// The path of the initrd that initramfs-tools made for 6.12, compressed with `packer` ("zstd" or
  /// "gzip"); nil if `script/bootstrap` could not make it.
  public func debianInitrdPath(packedBy packer: String) -> String? {
    initrdPath("debian-6.12-\(packer)")
  }

  /// The same initrd, padded so that another archive can follow it.
  public func debianInitrd(packedBy packer: String) throws -> [UInt8]? {
    try initrd("debian-6.12-\(packer)")
  }

  /// An initrd by its file name, padded so that another archive can follow it; nil if
  /// `script/bootstrap` could not make it.
  func initrd(_ name: String) throws -> [UInt8]? {
    guard let path = initrdPath(name) else { return nil }
    let bytes = try contents(of: path)
    return bytes + [UInt8](repeating: 0, count: -bytes.count & 3)
  }

  private func initrdPath(_ name: String) -> String? {
    let path = ".lab/initrd/\(name)"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }

  /// Removes the files that only this run needed.
  public func tidyUp() {
    try? FileManager.default.removeItem(atPath: scratch)
  }

  /// Removes the files of runs that were killed. The name of such a directory ends with the run's
  /// process id.
  private static func removeLeftovers() {
    let files = FileManager.default
    for name in (try? files.contentsOfDirectory(atPath: ".lab/run")) ?? [] {
      let process = name.split(separator: "-").last.map(String.init) ?? ""
      guard !files.fileExists(atPath: "/proc/\(process)") else { continue }
      try? files.removeItem(atPath: ".lab/run/\(name)")
    }
  }

  /// The newest file in `directory` whose name starts with `prefix`.
  func file(in directory: String, startingWith prefix: String) throws -> String {
    let names = try FileManager.default.contentsOfDirectory(atPath: directory)
    guard let name = names.filter({ $0.hasPrefix(prefix) }).sorted().last else {
      throw Failure("no \(prefix)… in \(directory): run script/bootstrap again")
    }
    return "\(directory)/\(name)"
  }
}

/// The bytes of the file at `path`.
func contents(of path: String) throws -> [UInt8] {
  guard let data = FileManager.default.contents(atPath: path) else {
    throw Failure("cannot read \(path)")
  }
  return Array(data)
}
