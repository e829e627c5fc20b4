import Foundation
import LabKit

/// What saves the memory of a crashed kernel. The files are judged on this computer: by Tests/dump_oracle.py, which
/// shares no code with the program, beside all of the crashed kernel's memory.
let crashSaving: [Scenario] =
  [
    saving(.debian6_1, reservation: "80M"),
    saving(.debian6_12, reservation: "96M").extra,
    saving(.newest, reservation: "112M").extra,
    faults.extra, badSectors.extra, kdumpTools.extra,
  ]

/// The crash kernel has one processor and little memory, and a disk.
private func saving(_ kernel: Kernel, reservation: String) -> Scenario {
  Scenario(
    "kexec dump saves \(kernel.rawValue) with crashkernel=\(reservation): its memory and time beside makedumpfile"
  ) { lab in
    let theirs = try lab.makedumpfile()
    let disk = try lab.makeDisk(mebibytes: 256, with: [("makedumpfile", theirs)])
    let crashed = try await lab.crash(kernel, reservation: reservation, disk: disk)
    let crash = crashed.guest
    // The programs of a crash kernel are in its memory. This is their place on the disk.
    try await crash.run("mkdir -p /opt; ln -s /mnt/opt/makedumpfile /opt")

    let ours = "kexec dump --no-verify /proc/vmcore"
    let other = "\(theirs.command(inGuestAs: "makedumpfile")) -z -d 31 /proc/vmcore"
    // Twice, since the first time also reads the program from the disk and translates its code.
    var costs: (ours: [Cost], other: [Cost]) = ([], [])
    for run in 1...2 {
      costs.ours.append(try await crash.cost(of: "\(ours) /mnt/plain\(run)"))
      costs.other.append(try await crash.cost(of: "\(other) /mnt/other\(run)"))
    }
    let verified = try await crash.cost(of: "kexec dump /proc/vmcore /mnt/verified")
    lab.story.write("lab", "\(costs), verified \(verified)")
    for cost in costs.ours + [verified] {
      try expect(cost.peak <= 14_000_000, "it took \(cost.peak) bytes of memory: \(cost)")
    }
    // A pipe, as into ssh.
    try await crash.run(
      "set -e -o pipefail; kexec dump /proc/vmcore - | cat >/mnt/flat; umount /mnt")

    let raw = crashed.rawDump
    let names = [
      "plain2", "other2", "verified", "verified-log.txt", "verified-manifest.json", "flat",
    ]
    let files = try disk.copy(names.map { "/\($0)" }, to: try lab.directory("saved"))
    try lab.judge(files[0], of: raw)
    try lab.judge(files[2], of: raw)
    let manifest = try contents(files[4])
    try expect(
      manifest.contains("\"verification\": \"verified\""), "the manifest says \(manifest)")
    try expect(contents(files[3]).hasPrefix(crashed.log), "\(files[3]) is not what dmesg showed")
    // Of the newest kernel makedumpfile 1.7.8 leaves pages out that belong in.
    if kernel != .newest { try lab.judge(files[1], of: raw) }
    try lab.unflatten(files[5], by: theirs, of: raw)

    let (least, theirLeast) = (
      costs.ours.map(\.cpu).sorted()[0], costs.other.map(\.cpu).sorted()[0]
    )
    // Not a condition: under QEMU it depends on what else this computer does.
    lab.story.write("lab", "CPU time: \(least), makedumpfile \(theirLeast)")
  }
}

/// What goes wrong with a disk.
private let faults = Scenario(
  "kexec dump on a disk that is too small, or that is pulled out: what was saved before is there"
) { lab in
  let disk = try lab.makeDisk(mebibytes: 64)
  let crashed = try await lab.crash(.debian6_1, reservation: "80M", disk: disk)
  let crash = crashed.guest
  let dump = "kexec dump -d 1 /proc/vmcore"

  let full = try await crash.run("\(dump) /mnt/full", exits: 4)
  for text in ["No space left on device", "\"/mnt/full-incomplete\" has what was written so far"] {
    try expect(full.errors.contains(text), "no \(text) in \(full.errors)")
  }
  try await crash.run("test ! -e /mnt/full")
  let info = try await crash.run("kexec dump info --json /mnt/full-incomplete").text
  try expect(info.contains("\"incomplete\": true"), "it says nothing of that: \(info)")
  try await crash.run("test -s /mnt/full-log.txt && test -s /mnt/full-report.txt")
  try await crash.run("rm /mnt/full*")

  try await crash.run("\(dump) --if-full=log-only /mnt/log", exits: 4)
  try await crash.mustSay(
    "log-log.txt log-manifest.json log-report.txt", when: "cd /mnt; echo log*")

  let raised = try await crash.run("kexec dump -d 1,31 /proc/vmcore /mnt/raised", exits: 3)
  try expect(
    raised.errors.contains("the dump level is 31 instead of 1"), "it said \(raised.errors)")

  // The rest takes half a minute to write.
  try await crash.slowDisk(to: 1 << 20)
  try await crash.run(
    """
    mkfifo /run/end
    (\(dump) /mnt/gone; echo $? >/run/status; echo >/run/end) >/dev/null 2>/dev/ttyS0 &
    """)
  try await crash.waitForConsole(oneOf: ["kexec: writing /mnt/gone: "])
  try await crash.removeDisk()
  try await crash.run("read -r end </run/end")
  let status = try await crash.run("cat /run/status").text
  try expect(["4", "255"].contains(status), "it exited with \(status)")
  try await crash.waitForConsole(oneOf: ["\"/mnt/gone\": "])
  try await crash.run("test ! -b /dev/nvme0n1")

  let files = try disk.copy(
    ["/raised", "/log-log.txt", "/gone-log.txt"], to: try lab.directory("saved"))
  try lab.judge(files[0], of: crashed.rawDump)
  for file in files[1...] {
    try expect(contents(file).hasPrefix(crashed.log), "\(file) is not what dmesg showed")
  }
}

/// A disk some sectors of which cannot be written.
private let badSectors = Scenario(
  "kexec dump on a disk with bad sectors: the error is named, and what was saved before is there"
) { lab in
  let disk = try lab.makeDisk(mebibytes: 160).failing(at: [60, 80, 100])
  let crashed = try await lab.crash(.debian6_1, reservation: "80M", disk: disk)
  let crash = crashed.guest
  let dump = try await crash.run("kexec dump -d 1 /proc/vmcore /mnt/dump", exits: 4)
  for text in ["Input/output error", "\"/mnt/dump-incomplete\" has what was written so far"] {
    try expect(dump.errors.contains(text), "no \(text) in \(dump.errors)")
  }
  try await crash.run("test ! -e /mnt/dump")
  let info = try await crash.run("kexec dump info --json /mnt/dump-incomplete").text
  try expect(info.contains("\"incomplete\": true"), "it says nothing of that: \(info)")
  // The log's own pages may not be there yet.
  let log = try await crash.run(
    "kexec dump log /mnt/dump-incomplete >/dev/null || test $? = 255")
  try expect(!log.errors.contains("the file is damaged"), "it said \(log.errors)")
  let logs = try disk.copy(["/dump-log.txt"], to: try lab.directory("saved"))
  try expect(contents(logs[0]).hasPrefix(crashed.log), "the log is not what dmesg showed")
}

/// Debian's own service saves the dump and boots again. Tests/package/run shows the rest of the packages.
private let kdumpTools = Scenario(
  "the packages in kdump-tools: its service saves a dump by their makedumpfile and boots again"
) { lab in
  let disk = try lab.makeDisk(of: .debian)
  let guest = try await lab.boot(
    .debian6_1, system: .debian, memory: 768, cpus: 2, commandLine: "crashkernel=256M",
    carrying: [.debian6_1], files: try lab.packages(), mayReset: true, sharesMemory: true,
    disk: disk)
  try await guest.installPackage()
  try await guest.run("dpkg -i /opt/kexec-swift-makedumpfile.deb")
  for name in ["/usr/bin/makedumpfile", "/sbin/vmcore-dmesg"] {
    try await guest.run("test \(name) -ef /usr/lib/kexec-swift/kexec")
  }
  try await guest.run(prepareKdump)
  try await guest.run(agentBeforeSaving)
  try await guest.run("kdump-config load")
  // The kernel's own text, not in the way in which this dmesg shows it.
  let log = try await guest.run("dmesg -S -r | sed 's/^<[0-9]*>//'").text
  let (crash, dump) = try await guest.crash(into: .debian6_1, cpus: 2)
  let raw = try lab.directory("raw") + "/vmcore"
  try await crash.writeRawDump(dump, to: raw)

  // The agent ends, and the service goes on.
  let again = try await crash.jump("kill $PPID", returns: true)
  try again.mustBe(.debian6_1)
  try await again.run("test ! -e /proc/vmcore")
  let names = try await again.run("ls /var/crash/*/*; sync").text.split(separator: "\n")
  guard names.count == 2, let saved = names.first(where: { $0.contains("/dump.") }),
    let text = names.first(where: { $0.contains("/dmesg.") })
  else { throw Failure("/var/crash has \(names)") }
  try await again.run("kexec dump verify \(saved)")
  try await again.run(
    "makedumpfile -R /var/tmp/plain <\(saved); vmcore-dmesg /var/tmp/plain | cmp - \(text)")

  let files = try disk.copy([saved, text].map { String($0) }, to: try lab.directory("saved"))
  try expect(contents(files[1]).hasPrefix(log), "\(text) is not what dmesg showed")
  try lab.unflatten(files[0], by: try lab.makedumpfile(), of: raw)
}

/// In the crash kernel the agent runs before anything is saved, until it is told to end.
private let agentBeforeSaving = """
  unit=/etc/systemd/system/kdump-tools-dump.service.d
  mkdir -p $unit
  printf '[Service]\nExecStartPre=-/bin/sh /usr/local/sbin/lab-agent\n' >$unit/lab.conf
  systemctl daemon-reload
  sync
  """

/// A kernel that has crashed.
private struct Crashed {
  /// Its crash kernel, where the disk is mounted at /mnt.
  let guest: Guest
  /// The path on this computer of all of its memory.
  let rawDump: String
  /// What its `dmesg` showed.
  let log: String
}

/// What a command took.
private struct Cost: CustomStringConvertible {
  /// Bytes that it had in memory at once.
  let peak: Int
  /// CPU time of the machine, which is the same when this computer is busy.
  let cpu: Duration

  var description: String { "\(cpu) and \(peak) bytes" }
}

extension Guest {
  fileprivate func cost(of command: String) async throws -> Cost {
    let output = try await run("measure \(command)")
    let words = output.text.split(separator: " ").map(String.init)
    guard words.count == 6, words[4] == "peak", let peak = Int(words[5])
    else { throw Failure("measure said \(output.text)") }
    return Cost(peak: peak << 10, cpu: output.elapsed.cpu)
  }
}

extension Lab {
  /// The newest makedumpfile of Debian.
  fileprivate func makedumpfile() throws -> Tool {
    let path = ".lab/makedumpfile/makedumpfile"
    guard FileManager.default.fileExists(atPath: path) else {
      throw Failure("there is no \(path): script/newest-tool makedumpfile fetches it")
    }
    return try tool(path: path)
  }

  /// Lets a kernel with 1 GiB crash.
  fileprivate func crash(
    _ kernel: Kernel, reservation: String, disk: Disk
  ) async throws -> Crashed {
    let guest = try await boot(
      kernel, cpus: 2, commandLine: "crashkernel=\(reservation)", carrying: [kernel],
      sharesMemory: true, disk: disk)
    try await guest.skipUnlessOffered("dump")
    try await guest.run(
      """
      kexec -p \(kernel.path) --initrd=/boot/initrd \
        --command-line='\(Lab.commandLine) initcall_blacklist=tracer_init_tracefs nr_cpus=1'
      """)
    try await guest.run(littleOfEachKind)
    let log = try await guest.run("dmesg -s 1000000").text
    let (crash, dump) = try await guest.crash(into: kernel, cpus: 2)
    let raw = try directory("raw") + "/vmcore"
    try await crash.writeRawDump(dump, to: raw)
    try await crash.run("mkdir -p /mnt && mount -t ext4 /dev/nvme0n1 /mnt")
    return Crashed(guest: crash, rawDump: raw, log: log)
  }

  /// Fails unless `file` is a right dump of the memory in `raw`.
  fileprivate func judge(_ file: String, of raw: String) throws {
    // Debian's, which has the modules that script/bootstrap installs.
    let said = try runHere(["/usr/bin/python3", "Tests/dump_oracle.py", "check", raw, file])
    story.write("oracle", said)
    try expect(said.split(separator: "\n").last == "RIGHT", "\(file): \(said)")
  }

  /// Makes of a flattened file what is inside, by two programs, and fails unless that is a right dump.
  fileprivate func unflatten(_ flat: String, by theirs: Tool, of raw: String) throws {
    let (ours, other) = (flat + "-ours", flat + "-other")
    try runHere(tool.command + ["dump", "convert", flat, ours])
    try runHere(theirs.command + ["-R", other], input: flat)
    try runHere(["cmp", ours, other])
    try judge(ours, of: raw)
  }
}

private func contents(_ path: String) throws -> String {
  try String(contentsOfFile: path, encoding: .utf8)
}

/// Pages of the classes that are left out: of a file, of a disk's cache, of a process, of huge pages.
private let littleOfEachKind = """
  set -e
  echo 4 >/proc/sys/vm/nr_hugepages
  head -c 32m /dev/urandom >/run/random
  head -c 8m /dev/nvme0n1 >/dev/null
  mkfifo /run/ready /run/never
  (words=$(head -c 1m /dev/urandom | base64); echo >/run/ready; read -r word </run/never) \
    >/dev/null 2>&1 </dev/null &
  read -r word </run/ready
  """
