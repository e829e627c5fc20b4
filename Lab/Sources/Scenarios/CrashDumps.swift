import LabKit

/// What a crash kernel that was loaded by kexec_load finds of the crashed kernel's memory.
let crashDumps: [Scenario] = [
  sameDumps.extra,
  dump(
    "6.1 under UEFI", from: .debian6_1, to: .lab, firmware: .uefi,
    reservation: "crashkernel=256M"
  ).extra,
  dump(
    "6.12 with 5 GiB, high and low regions", from: .debian6_12, to: .lab, memory: 5120,
    reservation: "crashkernel=256M,high crashkernel=64M,low"),
  hotplug,
  narrowHeaders.extra,
  reload,
  damagedCrashKernel,
]

/// With nokaslr, so that both guests use the same addresses.
private let sameDumps = Scenario(
  "crash dump: kexec_load and kexec_file_load, the same memory"
) { lab in
  var dumps: [CoreDump] = []
  for call in LoadCall.allCases {
    let guest = try await lab.boot(
      .debian6_1, cpus: 2, commandLine: "crashkernel=256M nokaslr", carrying: [.lab],
      files: ["boot/pattern": pattern], sharesMemory: true)
    try await guest.run(loadCrashKernel(.lab, by: call))
    // Contents of a file of the first kernel, at the start of a page.
    let place = try guest.places(of: Array(pattern.prefix(4096))).first { $0 % 4096 == 0 }
    guard let place else { throw Failure("the pattern is at no page of the memory") }

    let (crash, dump) = try await guest.crash(into: .lab, cpus: 2)
    try expect(
      try await crash.page(at: place, of: dump) == Array(pattern.prefix(4096)),
      "the dump has something else at \(place), where the pattern was")
    dumps.append(dump)
  }
  let memory = dumps.map { dump in
    dump.segments.map { "\($0.virtual) \($0.physical) \($0.size)" }.sorted()
  }
  try expect(memory[0] == memory[1], "the headers differ: \(memory)")
}

private func dump(
  _ name: String, from old: Kernel, to new: Kernel, firmware: Firmware = .bios,
  memory: Int = 1024, reservation: String
) -> Scenario {
  .core("crash dump by kexec_load: \(name)") { lab in
    let guest = try await lab.boot(
      old, firmware: firmware, memory: memory, cpus: 2, commandLine: reservation,
      carrying: [new], sharesMemory: true)
    try await guest.run(loadCrashKernel(new))
    let place = try await guest.place()
    let code = try guest.memory(at: place.code, count: 4096)

    let (crash, dump) = try await guest.crash(into: new, cpus: 2)
    try expect(dump.width == 64, "the headers have \(dump.width) bits")
    try expect(
      try await crash.page(at: place.code, of: dump) == code,
      "the dump has another kernel at \(place.code)")
    let image = dump.segments.first { $0.virtual >= 0xFFFF_FFFF_8000_0000 }
    try expect(
      image?.physical == place.code && image?.virtual == place.text,
      "the kernel was at \(place), not at \(String(describing: image))")
    let offsets = Set(
      dump.segments.filter { $0.virtual < 0xFFFF_FFFF_8000_0000 }.map { $0.virtual &- $0.physical })
    try expect(offsets.count == 1, "the memory was not mapped as one segment: \(dump.segments)")
  }
}

private let hotplug = Scenario("crash dump: the running kernel follows hotplug") { lab in
  let guest = try await lab.boot(
    .debian6_12, cpus: 2, commandLine: "crashkernel=256M", carrying: [.lab])
  try await guest.skipUnlessOffered("--hotplug")
  let follows = "cat /sys/devices/system/cpu/crash_hotplug"
  try await guest.run(loadCrashKernel(.lab))
  try await guest.mustSay("0", when: follows)
  try await guest.run(loadCrashKernel(.lab, options: "--hotplug --elf64-core-headers"))
  try await guest.mustSay("1", when: follows)
  // The kernel may now rewrite the elfcorehdr. The purgatory must accept that.
  try await guest.run("echo 0 >/sys/devices/system/cpu/cpu1/online")
  let log = try await guest.readLog()
  let (crash, dump) = try await guest.crash(into: .lab, cpus: 1)
  try expect(dump.width == 64, "the headers have \(dump.width) bits")
  try await crash.mustFind(log, of: guest.release)
  // The other processor was told to stop: it does not count as one that did not answer.
  try await crash.run("grep 'left registers' /run/report", exits: 1)
}

private let narrowHeaders = Scenario("crash dump: 32-bit headers, and the map by words") { lab in
  let guest = try await lab.boot(
    .debian6_1, commandLine: "crashkernel=256M", carrying: [.lab])
  try await guest.skipUnlessOffered("--elf32-core-headers")
  let options = "--elf32-core-headers --pass-memmap-cmdline --hotplug"
  let output = try await guest.run(loadCrashKernel(.lab, options: options))
  try expect(
    output.errors.contains("--hotplug"), "6.1 cannot follow hotplug, but: \(output.errors)")

  let (crash, dump) = try await guest.crash(into: .lab, cpus: 1)
  try expect(dump.width == 32, "the headers have \(dump.width) bits")
  for (command, part) in [("info", "\"bits\": 32"), ("classes", "\"findings\": []")] {
    let said = try await crash.run("kexec dump \(command) --json /proc/vmcore").text
    try expect(said.contains(part), "no \(part) in \(said)")
  }
  try await crash.run("grep -q 'memmap=exactmap memmap=' /proc/cmdline")
  try await crash.run("test $(awk '/MemTotal/ { print $2 }' /proc/meminfo) -lt 262144")
}

private let reload = Scenario("crash kernel: a reload that fails says what is left") { lab in
  let guest = try await lab.boot(
    .debian6_1, memory: 5120, commandLine: "crashkernel=256M,high crashkernel=64M,low",
    carrying: [.lab])
  let load = loadCrashKernel(.lab)
  try await guest.run(load)
  try await guest.run("kexec -p -S", exits: 1)
  // What is found before the system call leaves the previous crash kernel loaded.
  try await guest.run("truncate -s 300M /run/large")
  for (options, reason) in [
    ("--elf32-core-headers", "0x100000000"), ("--mem-max=0xbfffffff", "no free memory"),
    ("-s --initrd=/run/large", "no free memory for the initrd"),
  ] {
    let output = try await guest.run("\(load) \(options)", exits: 255)
    try expect(
      output.errors.contains(reason)
        && output.errors.contains("the previous crash kernel is still loaded"),
      "\(options) said \(output.errors)")
    try await guest.run("kexec -p -S", exits: 1)
  }
  try await guest.run("kexec -c -p -u")
  try await guest.run("kexec -p -S")
  // 2018 characters: too many for kexec_file_load, but not for kexec_load.
  let words = String(repeating: "x", count: 2018 - Lab.commandLine.utf8.count - 11)
  let output = try await guest.run("\(load.replacing("-c ", with: "-a -d ")) --append=\(words)")
  try expect(output.errors.hasSuffix("calling kexec_load"), "the file call took 2018 characters")
  try await guest.run("kexec -p -S", exits: 1)
}

private let damagedCrashKernel = Scenario.core(
  "crash kernel: a changed byte is reported, and the firmware boots again"
) { lab in
  let guest = try await lab.boot(
    .debian6_1, memory: 768, commandLine: "crashkernel=256M", carrying: [.lab],
    nextFiles: ["pattern": pattern], mayReset: true, sharesMemory: true)
  try await guest.run(loadCrashKernel(.lab))
  let count = try guest.changeMemory(wherever: Array(pattern.prefix(4096)))
  try expect(count > 0, "the loaded initrd is not in the guest's memory")

  let again = try await guest.jump("echo c >/proc/sysrq-trigger")
  try again.mustBe(.debian6_1)
  try await guest.waitForConsole(oneOf: ["komihash mismatch", "sha256 digests do not match"])
}

/// 16 KiB that occur nowhere else. All of its pages differ.
private let pattern: [UInt8] = (0..<16_384).map { UInt8(truncatingIfNeeded: $0 * $0 / 7 + $0 >> 5) }

/// With nr_cpus=1: the crashed kernel's other processors may still be in any state.
func loadCrashKernel(
  _ kernel: Kernel, by call: LoadCall = .classic, options: String = ""
) -> String {
  "kexec \(call.rawValue) -p \(kernel.path) --initrd=/boot/initrd \(options)"
    + " --command-line='\(Lab.commandLine) nr_cpus=1'"
}
