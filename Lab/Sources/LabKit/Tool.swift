import Foundation

/// A kexec program under test: ours, or another one that the same scenarios judge.
public struct Tool: Sendable {
  /// The path of the program on this computer.
  public let path: String
  /// Whether it is ours. Only ours is judged by its messages; others are judged by what they do.
  public let isOurs: Bool
  /// The directory of libraries and loader that comes with the program: `lib` beside it; nil if
  /// there is none.
  private let ownLibraries: String?
  /// The libraries that it needs: the path in a guest, or only the name if the library is in the
  /// program's own directory; and the path on this computer.
  private let libraries: [(guest: String, host: String)]

  private static let loader = "ld-linux-x86-64.so.2"

  /// Finds out which files the program at `path` needs.
  public init(path: String, workshop: Workshop) throws {
    let files = FileManager.default
    guard files.isExecutableFile(atPath: path) else { throw Failure("no program at \(path)") }
    self.path = path
    let beside = URL(fileURLWithPath: path).deletingLastPathComponent().relativePath + "/lib"
    if files.isExecutableFile(atPath: "\(beside)/\(Self.loader)") {
      ownLibraries = beside
      libraries = try files.contentsOfDirectory(atPath: beside).sorted().map {
        ($0, "\(beside)/\($0)")
      }
    } else {
      ownLibraries = nil
      // The libraries of an unpacked package are beside it, where the loader does not look.
      let unpacked = workshop.debian + "/usr/lib/x86_64-linux-gnu"
      libraries = try Self.libraries(of: path, directory: unpacked)
    }
    let words = ownLibraries.map { Self.command(program: path, libraries: $0) } ?? [path]
    let version = try? output(of: words + ["--version"], isQuiet: true)
    isOurs = version.map { String(decoding: $0, as: UTF8.self).hasPrefix("kexec 0.") } ?? false
  }

  /// The command that runs it on this computer.
  public var command: [String] {
    ownLibraries.map { Self.command(program: path, libraries: $0) } ?? [path]
  }

  /// The command that runs it in a guest where it is called `name`, without a script in between.
  public func command(inGuestAs name: String) -> String {
    guard ownLibraries != nil else { return name }
    let directory = "/" + Self.directory(name)
    return Self.command(program: directory + "/program", libraries: directory + "/lib")
      .joined(separator: " ")
  }

  /// The files, by path, with which a guest has the program as /sbin/`name`.
  ///
  /// The program's own libraries stay in a directory of their own: a Debian on a disk has others
  /// with the same names.
  func files(inGuestAs name: String) throws -> [(path: String, contents: [UInt8])] {
    let program = try contents(of: path)
    guard ownLibraries != nil else {
      return try libraries.map { ($0.guest, try contents(of: $0.host)) }
        + [("sbin/\(name)", program)]
    }
    let directory = Self.directory(name)
    let script = "#!/bin/sh\nexec \(command(inGuestAs: name)) \"$@\"\n"
    return try libraries.map { ("\(directory)/lib/\($0.guest)", try contents(of: $0.host)) }
      + [("\(directory)/program", program), ("sbin/\(name)", Array(script.utf8))]
  }

  private static func directory(_ name: String) -> String { "opt/\(name)" }

  private static func command(program: String, libraries: String) -> [String] {
    ["\(libraries)/\(loader)", "--library-path", libraries, program]
  }

  /// Parses `NAME => PATH (ADDRESS)` and `/lib64/ld-linux-x86-64.so.2 (ADDRESS)`.
  private static func libraries(
    of program: String, directory: String
  ) throws -> [(guest: String, host: String)] {
    let ldd = Process()
    ldd.executableURL = URL(fileURLWithPath: "/usr/bin/ldd")
    ldd.arguments = [program]
    ldd.environment = ["LD_LIBRARY_PATH": directory, "PATH": "/usr/bin:/bin", "LC_ALL": "C"]
    let output = Pipe()
    ldd.standardOutput = output
    ldd.standardError = FileHandle.nullDevice
    try ldd.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    ldd.waitUntilExit()

    return text.split(separator: "\n").compactMap { line in
      let words = line.split { $0 == " " || $0 == "\t" }
      guard let host = words.last(where: { $0.contains("/") && !$0.hasPrefix("(") }) else {
        return nil
      }
      let isLoader = words.first == host
      let name = host.split(separator: "/").last ?? host
      return (isLoader ? String(host) : "/lib/x86_64-linux-gnu/\(name)", String(host))
    }
  }
}
