import Foundation
import LabKit

/// Runs the commands in the documents exactly as they are written there.
let documents: [Scenario] = [
  Scenario("README: the recipes work as they are printed") { lab in
    let blocks = try guestBlocks(of: "README.md")
    try expect(blocks.count == 4, "README.md has \(blocks.count) blocks for a guest, not 4")
    let (start, silent, signed, crash) = (blocks[0], blocks[1], blocks[2], blocks[3])

    // The file names that the documents use.
    let guest = try await lab.boot(
      .debian6_1, commandLine: "crashkernel=256M", carrying: [.debian6_12],
      nextFiles: ["vmlinuz": lab.file(of: .lab), "initrd.img": lab.archive()])
    try await guest.run("mv /boot/6.12 /vmlinuz && mv /boot/initrd /initrd.img")

    let status = try await guest.run(start.beginning)
    try expect(status.text.hasPrefix("kernel: loaded"), "no kernel in: \(status.text)")
    let next = try await guest.jump(start.lastLine)
    try next.mustBe(.debian6_12)
    try await next.run("grep -w crashkernel=256M /proc/cmdline")

    try await next.run(silent.text)
    let early = try await next.run("kexec status")
    // The lab's own earlyprintk= must be kept.
    try expect(early.text.contains(" keep_bootcon "), "no early output in: \(early.text)")

    let file = try await next.run(signed.text)
    try expect(file.text.contains("  system call   kexec_file_load"), "not in: \(file.text)")

    let size = try await next.run(crash.beginning)
    try expect(size.text.hasPrefix("\(256 << 20)\n"), "no reserved size in: \(size.text)")
    try await next.mustSay("1", when: "cat /sys/kernel/kexec_crash_loaded")
    let last = try await next.jump(crash.lastLine)
    try last.mustBe(.lab)
    let dump = try await last.coreDump()
    try expect(
      dump.information.contains("OSRELEASE=\(next.release)\n"),
      "VMCOREINFO is not of \(next.release): \(dump.information.prefix(100))")
    try await last.run("grep -w nr_cpus=1 /proc/cmdline")
  }
]

/// A block of commands in a document.
private struct GuestBlock {
  let lines: [String]

  var text: String { Self.script(lines) }
  /// All lines but the last, which starts another kernel.
  var beginning: String { Self.script(lines.dropLast()) }
  var lastLine: String { lines.last ?? "" }

  private static func script(_ lines: some Sequence<String>) -> String {
    (["set -e"] + lines).joined(separator: "\n")
  }
}

/// The blocks of the document at `path` that are marked `run in a guest`.
private func guestBlocks(of path: String) throws -> [GuestBlock] {
  let lines = try String(contentsOfFile: path, encoding: .utf8)
    .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  var blocks: [GuestBlock] = []
  for (number, line) in lines.enumerated() where line == "<!-- run in a guest -->" {
    let rest = lines[(number + 1)...]
    try expect(rest.first == "```sh", "\(path), line \(number + 1): no block of sh below")
    let block = rest.dropFirst().prefix { $0 != "```" }
    try expect(!block.isEmpty, "\(path), line \(number + 1): an empty block")
    blocks.append(GuestBlock(lines: Array(block)))
  }
  return blocks
}
