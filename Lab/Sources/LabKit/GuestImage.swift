import CpioFormat
import Foundation
import Synchronization

/// The initial file system of a guest: busybox, the agent, and the kexec program under test.
struct GuestImage: Sendable {
  private var writer = CpioWriter()

  /// Makes what every guest contains. It is also the next kernel's initrd, so it is small, because
  /// a kexec program copies it.
  init(tool: Tool, also programs: [(name: String, tool: Tool)] = [], workshop: Workshop) throws {
    for directory in ["dev", "proc", "sys", "run", "boot"] {
      try writer.append(.directory(directory))
    }
    try writer.append(.directory("tmp", permissions: 0o1777))
    try add("init", from: workshop.guest + "/init")
    try add("sbin/agent", from: workshop.guest + "/agent")
    try add("sbin/enter-disk", from: workshop.guest + "/enter-disk")
    try addBusybox(from: workshop.debian + "/bin/busybox")
    try add("bin/measure", from: workshop.tools + "/measure")
    try writer.append(.file("etc/passwd", "root::0:0::/:/bin/sh\nnobody::65534:65534::/:/bin/sh\n"))
    try writer.append(.file("etc/group", "root:x:0:\nnogroup:x:65534:\n"))
    for kernel in Kernel.allCases {
      let module = try kernel.module("kernel/fs/efivarfs/efivarfs.ko", in: workshop)
      try writer.append(.file(module.path, module.bytes))
    }

    var seen: Set<String> = []
    for (name, program) in [("kexec", tool)] + programs {
      for (path, contents) in try program.files(inGuestAs: name) where seen.insert(path).inserted {
        try writer.append(.file(path, contents, permissions: 0o755))
      }
    }
  }

  /// The same image, made once for each set of programs: a run boots more than a hundred guests.
  static func shared(
    tool: Tool, also programs: [(name: String, tool: Tool)] = [], workshop: Workshop
  ) throws -> GuestImage {
    let key = [tool.path] + programs.flatMap { [$0.name, $0.tool.path] }
    return try made.withLock { made in
      if let image = made[key] { return image }
      let image = try GuestImage(tool: tool, also: programs, workshop: workshop)
      made[key] = image
      return image
    }
  }

  private static let made = Mutex<[[String]: GuestImage]>([:])

  /// Adds `contents` at `path`.
  mutating func add(_ path: String, _ contents: [UInt8]) throws {
    try writer.append(.file(path, contents))
  }

  /// Adds the file `source` of this computer at `path`, as an executable.
  mutating func add(_ path: String, from source: String) throws {
    try writer.append(.file(path, contents(of: source), permissions: 0o755))
  }

  /// The archive that a kernel unpacks. It has no padding that a program could remove.
  var archive: [UInt8] {
    let padded = writer.archive()
    let end = padded.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
    return Array(padded[..<((end + 4) & ~3)])
  }

  private mutating func addBusybox(from source: String) throws {
    try add("bin/busybox", from: source)
    for applet in try lines(of: ["/usr/bin/env", source, "--list"]) where applet != "busybox" {
      try writer.append(.symbolicLink("bin/\(applet)", to: "busybox"))
    }
  }

  /// The lines that a program of this computer prints.
  private func lines(of command: [String]) throws -> [String] {
    let text = String(decoding: try output(of: command), as: UTF8.self)
    return text.split(separator: "\n").map(String.init)
  }
}

/// Standard output of a program of this computer. Its standard error is shown, unless `isQuiet`.
func output(of command: [String], isQuiet: Bool = false) throws -> Data {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: command[0])
  process.arguments = Array(command.dropFirst())
  let output = Pipe()
  process.standardOutput = output
  if isQuiet { process.standardError = FileHandle.nullDevice }
  try process.run()
  let data = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  guard process.terminationStatus == 0 else {
    throw Failure("\(command.joined(separator: " ")) failed")
  }
  return data
}
