import Foundation

/// A disk of one scenario, with an ext4. What a guest has written to it can be read on this computer.
public struct Disk: Sendable {
  /// The path of its file.
  let path: String
  /// Where QEMU finds what fails of it; nil for a disk without faults.
  private(set) var faults: String?

  /// What QEMU is to open.
  var drive: String { faults.map { "blkdebug:\($0):\(path)" } ?? path }

  /// The same disk, where writing fails with EIO at these places, which are offsets in MiB.
  public func failing(at places: [Int]) throws -> Disk {
    var disk = self
    disk.faults = path + ".faults"
    try places.map { place in
      "[inject-error]\nevent = \"write_aio\"\nerrno = \"5\"\nsector = \"\(place * 2048)\"\n"
    }.joined().write(toFile: path + ".faults", atomically: true, encoding: .utf8)
    return disk
  }

  /// Copies files of the disk into `directory` of this computer, as a computer finds them that mounts the disk
  /// after a power failure: what a guest has not synchronized may be missing.
  ///
  /// - Returns: the paths of the copies. They have the files' own names.
  public func copy(_ files: [String], to directory: String) throws -> [String] {
    // The disk may still be mounted, so that its journal is not empty.
    let image = directory + "/image"
    try runHere(["cp", "--sparse=always", path, image])
    defer { try? FileManager.default.removeItem(atPath: image) }
    try runHere(["/usr/sbin/e2fsck", "-f", "-y", image], mayExitWith: [1])
    return try files.map { file in
      let copy = directory + "/" + (file.split(separator: "/").last ?? "")
      try runHere(["/usr/sbin/debugfs", "-R", "dump \(file) \(copy)", image])
      guard FileManager.default.fileExists(atPath: copy) else {
        throw Failure("there is no \(file) on the disk")
      }
      return copy
    }
  }
}

extension Lab {
  /// Makes a disk of `size` MiB, on which programs are as in a guest that carries them: see `Tool.command(inGuestAs:)`.
  public func makeDisk(
    mebibytes size: Int, with programs: [(name: String, tool: Tool)] = []
  ) throws -> Disk {
    let tree = try directory("tree")
    for (name, program) in programs {
      for (path, contents) in try program.files(inGuestAs: name) {
        let place = URL(fileURLWithPath: "\(tree)/\(path)")
        try FileManager.default.createDirectory(
          at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(contents).write(to: place)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place.path)
      }
    }
    let disk = Disk(path: try directory("disk") + "/disk")
    try runHere(["/usr/sbin/mkfs.ext4", "-q", "-d", tree, disk.path, "\(size)M"])
    return disk
  }

  /// Makes a copy of the disk of `system`.
  public func makeDisk(of system: GuestSystem) throws -> Disk {
    guard let original = try system.disk(in: workshop) else {
      throw Failure("\(system) has no disk")
    }
    let disk = Disk(path: try directory("disk") + "/disk")
    try runHere(["cp", "--sparse=always", original, disk.path])
    return disk
  }
}

/// Runs a program of this computer until it ends.
///
/// - Returns: its standard output and standard error.
@discardableResult
public func runHere(
  _ command: [String], input: String? = nil, mayExitWith accepted: [Int32] = []
) throws -> String {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = command
  let output = Pipe()
  process.standardOutput = output
  process.standardError = output
  process.standardInput =
    try input.map {
      try FileHandle(forReadingFrom: URL(fileURLWithPath: $0))
    }
    ?? FileHandle.nullDevice
  try process.run()
  let data = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  let text = String(decoding: data, as: UTF8.self)
  let status = process.terminationStatus
  guard status == 0 || accepted.contains(status) else {
    throw Failure("\(command.joined(separator: " ")) exited with \(status): \(text.shortened)")
  }
  return text
}
