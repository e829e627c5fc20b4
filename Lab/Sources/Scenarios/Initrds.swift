import LabKit

/// The formats and contents that an initrd may have.
let initrds: [Scenario] = [
  initrd(
    "an uncompressed archive, then one by zstd", note: "initrdUnpacked"
  ) { archive in
    // As with microcode: the probe is in an archive of its own, followed by the zstd stream.
    try probe() + Compressor.zstd.compress(archive)
  },
  initrd("gzip", note: "initrdUnpacked") { archive in
    try probe() + Compressor.gzip.compress(archive)
  }.extra,
  initrd(
    "zstd, then something that nobody understands", note: "initrdPartlyUnpacked.unknownContent"
  ) { archive in
    // Padded to a multiple of four bytes. Otherwise the next archive must not be moved, and nothing
    // would be unpacked.
    let archives = try probe() + Compressor.zstd.compress(archive)
    return archives + Array(repeating: 0, count: -archives.count & 3)
      + Array(repeating: 0x55, count: 4096)
  },
  damaged,
  earlyFiles,
  oddFiles,
  smallGroup.extra,
  noRoomForCopy,
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

private let damaged = Scenario(
  "initrd: damaged, it is refused by every call, but for -i and --force-initrd"
) { lab in
  let archive = try Lab.smallArchive(["random": lab.randomBytes(200_000)])
  var files = ["boot/plain": Array(archive[..<(archive.count / 2)])]
  for format in [Compressor.gzip, .xz, .zstd, .bzip2, .lzop] {
    let packed = try format.compress(archive)
    files["boot/\(format)"] = Array(packed[..<(packed.count / 2)])
  }
  let guest = try await lab.boot(.lab, carrying: [.lab], files: files)
  func load(_ options: String, _ initrd: String) -> String {
    "kexec \(options) -l \(Kernel.lab.path) --initrd=\(initrd)"
  }
  for file in files.keys.sorted() {
    for call in ["-c", "-s", "-a", "-c --no-fast"] {
      try await guest.mustRefuse(
        load(call, "/\(file)"), saying: "\"/\(file)\": the initrd is damaged")
    }
  }
  try await guest.run(load("-c --force-initrd", "/boot/gzip"))
  try await guest.run(load("-a", "/boot/gzip"), exits: 255)
  try await guest.mustHaveLoaded(true)
  try await guest.run(load("-c -i", "/boot/gzip"))
}

/// A block device, a FIFO whose writer starts late, standard input, and a file of /sys.
private let oddFiles = Scenario(
  "kernel on a disk, initrd by a FIFO; by a pipe; and the one in /sys/firmware"
) { lab in
  let guest = try await lab.boot(
    .debian6_12, carrying: [.lab], nextFiles: ["next": try lab.file(of: .lab)],
    hasEmptyDisk: true)
  let words = "--command-line='\(Lab.commandLine) retain_initrd'"
  try await guest.run(
    """
    set -e; cat \(Kernel.lab.path) >/dev/nvme0n1; mkfifo /run/fifo
    { sleep 2; cat /boot/initrd; } >/run/fifo &
    kexec -a -l /dev/nvme0n1 --initrd=/run/fifo \(words) 2>&1 | tee /run/said
    """)
  try await guest.mustHaveLoaded(true)
  try await guest.run("kexec -u; cat /boot/initrd | kexec -a -l /dev/nvme0n1 --initrd=- \(words)")
  let next = try await guest.jump()
  try next.mustBe(.lab)

  for call in LoadCall.allCases {
    let load = "kexec \(call.rawValue) -l /next --initrd=/sys/firmware/initrd \(words)"
    try await next.run("\(load) --dry-run")
  }
  try await next.run("kexec -c -l /next --initrd=/sys/firmware/initrd \(words)")
  try await next.jump().mustBe(.lab)
}

/// What the program unpacks must not exceed the limit: it would be killed.
private let smallGroup = Scenario("little memory: in a control group of 96 MiB, and of 48") { lab in
  let guest = try await lab.boot(
    .debian6_1, carrying: [.debian6_12],
    files: ["boot/zstd": try Compressor.zstd.compress(lab.archive())])
  try await guest.run(
    """
    set -e; mount -t cgroup2 none /sys/fs/cgroup; cd /sys/fs/cgroup
    echo +memory >cgroup.subtree_control; mkdir box
    """)
  let load = "kexec -l \(Kernel.debian6_12.path) --initrd=/boot/zstd"
  for (limit, note) in [
    ("96M", "initrdUnchanged.tooLarge"), ("48M", "ordinaryEntry.littleMemory"),
  ] {
    let group = "echo \(limit) >memory.max; echo $$ >cgroup.procs; cd /"
    let inside = "cd /sys/fs/cgroup/box; \(group); \(load)"
    try await guest.mustNote(note, when: inside)
    try await guest.run(inside)
  }
  try await guest.mustHaveLoaded(true)
}

/// There is no memory for the running kernel's copy. The load is refused: no process may be killed
/// for it.
private let noRoomForCopy = Scenario("little memory: an initrd of which no copy can be made") {
  lab in
  let guest = try await lab.boot(.debian6_1, memory: 640, carrying: [.lab])
  try await guest.run(
    "set -e; for i in large other; do mkdir /$i; mount -t tmpfs none /$i; fallocate -l 220000000 /$i/file; done"
  )
  for call in LoadCall.allCases {
    try await guest.mustRefuse(
      "kexec \(call.rawValue) -l \(Kernel.lab.path) --initrd=/large/file",
      saying: "not enough memory: the load needs")
  }
}

/// An ACPI table in an uncompressed archive is found by the early kernel. One in a compressed
/// archive is not, as after any other boot.
private let earlyFiles = Scenario(
  "initrd: ACPI tables in a compressed archive are not found, and in a plain one they are"
) { lab in
  let archive = try Lab.smallArchive(["kernel/firmware/acpi/ssdt.aml": ssdt])
  let guest = try await lab.boot(
    .lab, carrying: [.debian6_1],
    files: ["boot/packed": try Compressor.gzip.compress(archive)],
    nextFiles: ["next": try lab.file(of: .debian6_1), "plain": archive])
  func load(_ kernel: String, _ initrds: String) -> String {
    "kexec -c -l \(kernel) \(initrds) --command-line='\(Lab.commandLine)'"
  }
  let sign = "ACPI table found in initrd"
  let behind = load(Kernel.debian6_1.path, "--initrd=/boot/initrd --initrd=/boot/packed")
  try await guest.mustNote("initrdUnchanged.earlyFiles", when: behind)
  try await guest.run(behind)
  let next = try await guest.jump()
  try next.mustBe(.debian6_1)
  try next.mustNotHaveLogged(sign)

  // This kernel has no init, so only its console is checked.
  try await next.run(load("/next", "--initrd=/plain"))
  try await next.jump(sayingOnConsole: [sign])
}

/// A secondary description table without contents: a header of 36 bytes whose sum is zero. ACPI
/// Specification, "System Description Table Header".
private let ssdt: [UInt8] = {
  var table = Array("SSDT".utf8) + [36, 0, 0, 0, 2, 0] + Array("LAB   LABTABLE".utf8)
  table += [1, 0, 0, 0] + Array("LAB ".utf8) + [1, 0, 0, 0]
  table[9] = 0 &- table.reduce(0, &+)
  return table
}()

private let large = Scenario("initrd: 300 MB in a machine with 1 GiB") { lab in
  let guest = try await lab.boot(.lab, carrying: [.lab])
  let size = 300_000_000
  // The archive is written without a tool: there is no space for both the file and the archive.
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
