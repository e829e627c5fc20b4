import ByteCoding
import Glibc
import TestSupport
import Testing

/// The built program, run like a user runs it.
enum Program {
  /// The path of the program: beside the test bundle, which is an argument of the test runner; nil
  /// if it was not built.
  static let path: String? = {
    for argument in CommandLine.arguments {
      guard let end = argument.firstRange(of: "/kexecPackageTests.xctest") else { continue }
      let path = argument[..<end.lowerBound] + "/kexec"
      if unsafe access(String(path), X_OK) == 0 { return String(path) }
    }
    return nil
  }()

  /// A machine with RAM, with a kernel of ours and some invalid files in its root. In `bytes` is a
  /// machine whose command line is not text, in `crash` one with a region for a crash kernel and a
  /// crash kernel.
  static func tree() -> TemporaryTree {
    TemporaryTree(bytes: [
      "/proc/iomem": Array(
        "00001000-0009ffff : System RAM\n00100000-5ffdffff : System RAM\n".utf8),
      "/proc/cmdline": Array("BOOT_IMAGE=/vmlinuz root=/dev/vda1\n".utf8),
      "/sys/kernel/kexec_loaded": Array("0\n".utf8),
      "/sys/kernel/kexec_crash_loaded": Array("1\n".utf8),
      "/sys/kernel/kexec_crash_size": Array("0\n".utf8),
      "/vmlinuz": BzImageBuilder().bytes, "/short": Array(BzImageBuilder().bytes.prefix(0x5100)),
      "/bytes/proc/cmdline": [0x61, 0x3D, 0xFF, 0x0A], "/empty": [],
      "/text": [UInt8](repeating: 0x20, count: 2000),
      "/packed": [0x1F, 0x8B, 8] + [UInt8](repeating: 0, count: 2000), "/initrd": [1, 2, 3],
      "/\(String(lossless: [0xE9]))": [1, 2, 3],
      "/crash/proc/iomem": Array(
        "00100000-5ffdffff : System RAM\n  10000000-17ffffff : Crash kernel\n".utf8),
      "/crash/sys/kernel/kexec_crash_loaded": Array("1\n".utf8),
    ])
  }

  /// Runs it with `arguments`, in which `@` is the directory of `tree` and `@line` a line of 3000
  /// characters. A shell runs it, so no argument may contain a space or a quote.
  static func run(
    _ arguments: String, in tree: TemporaryTree, errors: String = "&1"
  ) throws -> (output: String, code: Int32) {
    let path = try #require(
      path, "kexec is not built beside the tests: swift build --product kexec")
    // With a fixed name, because the C library's messages begin with it.
    let words = inPlace(arguments, in: tree)
    let line = "exec -a kexec '\(path)' \(words) 2>\(errors)"
    guard let pipe = unsafe popen("bash -c \"\(line)\" </dev/null", "r") else {
      Issue.record("no shell")
      return ("", -1)
    }
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe fread(&chunk, 1, chunk.count, pipe)
      if count == 0 { break }
      output += chunk[..<count]
    }
    let status = unsafe pclose(pipe)
    JSONDocuments.keep(String(lossless: output))
    return (String(lossless: output), status >> 8 & 0xFF)
  }

  /// `text` with `@` replaced by the directory of `tree`.
  static func inPlace(_ text: String, in tree: TemporaryTree) -> String {
    text.replacing("@line", with: String(repeating: "x", count: 3000))
      .split(separator: "@", omittingEmptySubsequences: false).joined(separator: tree.path)
  }
}
