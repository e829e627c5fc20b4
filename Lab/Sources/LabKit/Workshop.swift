import Foundation

/// Where the lab's things lie, all under the root of the repository.
///
/// The lab works in that directory: the paths here are relative, so that the unix sockets of a checkout
/// with a long path still fit into the 108 bytes that a socket's address has.
public struct Workshop: Sendable {
  /// What `script/bootstrap` unpacked from Debian's packages.
  public let debian = ".lab/debian"
  /// What `script/bootstrap` compiled for the guests.
  public let tools = ".lab/tools"
  /// The disks that `script/bootstrap` made for guests.
  let disks = ".lab/disks"
  /// What `script/test-kernel` and `script/newest-kernel` left, each in a directory of its own.
  let kernels = ".lab/kernels"
  /// What `script/bootstrap` unpacked of Debian for i386.
  let i386 = ".lab/i386"
  /// What `script/bootstrap` unpacked for making unified kernel images.
  public let uki = ".lab/uki"
  /// The sources of what runs in a guest.
  public let guest = "Lab/Guest"
  /// A directory of this run alone, for the logs.
  public let logs: String
  /// A directory of this run alone, for sockets and initial file systems; gone afterwards.
  public let scratch: String

  /// Enters the repository that the current directory belongs to.
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

  /// Where the initrd is that initramfs-tools makes for 6.12, packed by `packer` ("zstd" or "gzip");
  /// nil when `script/bootstrap` could not make it.
  public func debianInitrdPath(packedBy packer: String) -> String? {
    initrdPath("debian-6.12-\(packer)")
  }

  /// The same initrd, padded for an archive behind it.
  public func debianInitrd(packedBy packer: String) throws -> [UInt8]? {
    try initrd("debian-6.12-\(packer)")
  }

  /// An initrd by its file's name, padded for an archive behind it; nil when `script/bootstrap` could
  /// not make it.
  func initrd(_ name: String) throws -> [UInt8]? {
    guard let path = initrdPath(name) else { return nil }
    let bytes = try contents(of: path)
    return bytes + [UInt8](repeating: 0, count: -bytes.count & 3)
  }

  private func initrdPath(_ name: String) -> String? {
    let path = ".lab/initrd/\(name)"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }

  /// Removes what only this run needed.
  public func tidyUp() {
    try? FileManager.default.removeItem(atPath: scratch)
  }

  /// A run that was killed could not tidy up. The name of its directory ends with its process id.
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
