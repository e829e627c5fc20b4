import Foundation

/// A compression program of this computer whose format the kernel can unpack.
public enum Compressor: String, CaseIterable, Sendable {
  case gzip, xz, bzip2, lzma, lzop, lz4, zstd

  /// The command that compresses standard input to standard output, with the options that the
  /// kernel needs.
  private var command: [String] {
    switch self {
    case .xz: ["xz", "--check=crc32", "-1", "--stdout"]
    case .lzma: ["lzma", "-1", "--stdout"]
    case .lz4: ["lz4", "-l", "-1", "--stdout"]
    case .gzip, .bzip2, .lzop, .zstd: [rawValue, "-1", "--stdout"]
    }
  }

  /// `bytes`, compressed.
  public func compress(_ bytes: [UInt8]) throws -> [UInt8] {
    try Self.pipe(bytes, through: command)
  }

  /// `bytes`, decompressed.
  public func decompress(_ bytes: [UInt8]) throws -> [UInt8] {
    try Self.pipe(bytes, through: [rawValue, "--decompress", "--stdout"])
  }

  /// Uses files: one thread that reads and writes a pipe would block.
  private static func pipe(_ bytes: [UInt8], through command: [String]) throws -> [UInt8] {
    let files = FileManager.default
    let base = files.temporaryDirectory.appending(path: "lab-\(UUID().uuidString)").path
    let (input, output) = (base + ".in", base + ".out")
    defer { [input, output].forEach { try? files.removeItem(atPath: $0) } }
    try Data(bytes).write(to: URL(fileURLWithPath: input))
    _ = files.createFile(atPath: output, contents: nil)
    guard let source = FileHandle(forReadingAtPath: input),
      let sink = FileHandle(forWritingAtPath: output)
    else { throw Failure("no temporary files") }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.standardInput = source
    process.standardOutput = sink
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure("\(command.joined(separator: " ")) failed: run script/bootstrap")
    }
    return try contents(of: output)
  }
}
