import LabKit

/// What an initrd may be made of.
let initrds: [Scenario] = [
  initrd(
    "an uncompressed archive, then one by zstd", note: "initrdUnpacked"
  ) { archive in
    // As with microcode: the probe is in an archive of its own, and the zstd stream follows.
    try probe() + Compressor.zstd.compress(archive)
  },
  initrd("gzip", note: "initrdUnpacked") { archive in
    try probe() + Compressor.gzip.compress(archive)
  },
  initrd(
    "zstd, then something that nobody understands", note: "initrdPartlyUnpacked.unknownContent"
  ) { archive in
    // At a multiple of four bytes: what is elsewhere must not be moved, and nothing is unpacked.
    let archives = try probe() + Compressor.zstd.compress(archive)
    return archives + Array(repeating: 0, count: -archives.count & 3)
      + Array(repeating: 0x55, count: 4096)
  },
  truncated,
  large.extra,
]

private func initrd(
  _ name: String, note: String, _ make: @escaping @Sendable ([UInt8]) throws -> [UInt8]
) -> Scenario {
  Scenario("initrd: \(name)") { lab in
    let file = try make(lab.archive())
    let guest = try await lab.boot(
      .lab, carrying: [.lab], files: ["boot/variant": file])
    try await guest.mustNote(note, when: load("/boot/variant"))
    try await guest.run(load("/boot/variant"))

    let next = try await guest.jump()
    try next.mustBe(.lab)
    try await next.mustSay("seen", when: "cat /probe")
  }
}

private let truncated = Scenario("initrd: cut off, it is passed on as it is") { lab in
  let archive = try Compressor.zstd.compress(lab.archive())
  let guest = try await lab.boot(
    .lab, carrying: [.lab],
    files: ["boot/variant": Array(archive[..<(archive.count / 2)])])
  try await guest.mustNote("initrdUnchanged.corrupt", when: load("/boot/variant"))
  try await guest.run(load("/boot/variant"))
  try await guest.mustHaveLoaded(true)
}

private let large = Scenario("initrd: 300 MB in a machine with 1 GiB") { lab in
  let guest = try await lab.boot(.lab, carrying: [.lab])
  let size = 300_000_000
  // An archive that is written by hand, since there is no room for the file and the archive.
  try await guest.run(
    """
    member() { printf '070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s' \\
      1 33188 0 0 1 0 $2 0 0 0 0 $((${#1} + 1)) 0 $1; }
    { member large.bin \(size); head -c 4 /dev/zero; head -c \(size) /dev/zero
      member 'TRAILER!!!' 0; head -c 4 /dev/zero; } >/run/large
    """)
  try await guest.run(load("/boot/initrd --initrd=/run/large"))
  let next = try await guest.jump()
  try next.mustBe(.lab)
  try await next.mustSay("\(size)", when: "wc -c </large.bin")
}

/// A small archive with a file in it.
private func probe() throws -> [UInt8] { try Lab.smallArchive(["probe": Array("seen\n".utf8)]) }

private func load(_ initrd: String) -> String {
  "kexec -c -l \(Kernel.lab.path) --initrd=\(initrd) --command-line='\(Lab.commandLine)'"
}
