import LabKit

/// What the running kernel keeps for the next one (KHO), on a kernel that supports it.
let handover: [Scenario] = [session, drop, reservedMemory, smallAreas, contiguousMemory].map(
  \.extra)

private let session = Scenario(
  "kexec handover: a live update session is kept, or given up with consent"
) { lab in
  let guest = try await boot(lab, keeping: true)
  // Planned by kexec_file_load, which hands it over, although kexec_load would jump faster.
  let plan = try await guest.run("kexec --dry-run \(load)").text
  try expect(plan.contains("kexec_file_load, because only it hands over"), plan)
  for options in ["-c", "--digest=sha256", "-s --append=kho=off"] {
    let refused = try await guest.run("kexec \(options) \(load)", exits: 255).errors
    try expect(refused.contains("live update session \"lab\" of session (process "), refused)
  }
  try await guest.mustHaveLoaded(false)

  let warned = try await guest.run("kexec -l \(Kernel.handover.path)").errors
  try expect(warned.contains("unless kho=on and liveupdate=on are on its command line"), warned)
  try await guest.run("kexec \(load)")
  let next = try await guest.jump()
  try await next.mustSay("what was preserved", when: "\(executable); session get")
}

private let drop = Scenario("kexec handover: what was given up is lost, and only that") { lab in
  let guest = try await boot(lab, keeping: false)
  // Nothing is kept yet, so the faster kexec_load is planned.
  let early = try await guest.run("kexec -d \(load)").errors
  try expect(early.contains("kexec handover is active (/dev/liveupdate)"), early)
  try await guest.run(keep)
  // Now there is something to lose.
  let refused = try await guest.run("kexec -e", exits: 255).errors
  try expect(refused.contains("live update session \"lab\""), refused)
  let next = try await guest.jump("kexec -e --drop-handover")
  try await next.run("\(executable); session get", exits: 1)
}

private let reservedMemory = Scenario("kexec handover: memory of reserve_mem= is kept") { lab in
  let words = "reserve_mem=1M:4096:trace"
  let guest = try await boot(lab, keeping: false, words: words)
  try await guest.run("kexec -c \(load)", exits: 255)
  let said = try await guest.run("kexec -d \(load) --append=\(words)").errors
  try expect(said.contains("memory \"trace\" of reserve_mem="), said)
  let next = try await guest.jump()
  try await next.run("mount -t debugfs none /sys/kernel/debug")
  try await next.run("test -e /sys/kernel/debug/kho/in/sub_fdts/memblock")
}

/// The next kernel must fit into these areas; the kernel's errno alone does not tell that.
private let smallAreas = Scenario("kexec handover: areas that are too small are named") { lab in
  let guest = try await boot(lab, keeping: true, words: "kho_scratch=8M,8M,8M")
  try await guest.run("mount -t debugfs none /sys/kernel/debug")
  let refused = try await guest.run("kexec \(load)", exits: 255).errors
  try expect(refused.contains("8 MiB"), refused)
}

private func boot(_ lab: Lab, keeping: Bool, words: String = "") async throws -> Guest {
  let files = ["sbin/session": try Kernel.handover.program("session", in: lab)]
  let guest = try await lab.boot(
    .handover, memory: 2048, commandLine: "\(switches) \(words)", carrying: [.handover],
    files: files, nextFiles: files)
  try await guest.run(executable)
  if keeping { try await guest.run(keep) }
  return guest
}

private let executable = "chmod +x /sbin/session"
private let keep =
  "session keep >/run/kept 2>&1 & until grep -q kept /run/kept; do sleep 0.1; done"
private let switches = "kho=on liveupdate=on"
private let load =
  "-l \(Kernel.handover.path) --initrd=/boot/initrd --command-line='\(Lab.commandLine) \(switches)'"

/// By kexec_load, too, the crash kernel may use the contiguous memory of `crashkernel=SIZE,cma`,
/// and it is not in the dump.
private let contiguousMemory = Scenario("crashkernel=SIZE,cma: a crash kernel by kexec_load has it")
{
  lab in
  let guest = try await lab.boot(
    .handover, memory: 2048, commandLine: "crashkernel=128M crashkernel=64M,cma",
    carrying: [.handover])
  let range = try await guest.run("cat /sys/kernel/kexec/crash_cma_ranges").text
  try await guest.run(
    "kexec -c -p \(Kernel.handover.path) --initrd=/boot/initrd --command-line='\(Lab.commandLine)'")
  let next = try await guest.jump("echo c >/proc/sysrq-trigger")
  // The crash kernel's RAM begins there and includes the reserved region, which follows
  // immediately.
  let start = range.prefix { $0 != "-" }
  try await next.run("grep '^\(start)-.* : System RAM$' /proc/iomem")
  // The dump consists of the memory below it, the memory after the region (32 MiB), and the
  // kernel's image a second time.
  let size = Int(try await next.run("stat -c %s /proc/vmcore").text) ?? 0
  let lowest = Int(start, radix: 16) ?? 0
  try expect(
    (lowest..<(lowest + 64 << 20)).contains(size), "the dump has \(size) bytes, and \(range)")
}
