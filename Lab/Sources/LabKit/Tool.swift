import Foundation

/// A kexec program: ours, or any other that is to be judged by the same scenarios.
public struct Tool: Sendable {
  /// Where the program lies on this computer.
  public let path: String
  /// Whether it is ours, which is held to its words; of others only the deeds are judged.
  public let isOurs: Bool
  /// The shared libraries that it needs, by the paths that the guest must have them at.
  let libraries: [(guest: String, host: String)]

  /// Finds out what the program at `path` needs to run.
  public init(path: String, workshop: Workshop) throws {
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw Failure("no program at \(path)")
    }
    self.path = path
    let version = try? output(of: [path, "--version"], isQuiet: true)
    isOurs = version.map { String(decoding: $0, as: UTF8.self).hasPrefix("kexec 0.") } ?? false
    // The libraries of an unpacked package lie beside it, not where the loader would look.
    let unpacked = workshop.debian + "/usr/lib/x86_64-linux-gnu"
    libraries = try Self.libraries(of: path, folder: unpacked)
  }

  /// Reads `NAME => PATH (ADDRESS)` and `/lib64/ld-linux-x86-64.so.2 (ADDRESS)`.
  private static func libraries(
    of program: String, folder: String
  ) throws -> [(guest: String, host: String)] {
    let ldd = Process()
    ldd.executableURL = URL(fileURLWithPath: "/usr/bin/ldd")
    ldd.arguments = [program]
    ldd.environment = ["LD_LIBRARY_PATH": folder, "PATH": "/usr/bin:/bin", "LC_ALL": "C"]
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
