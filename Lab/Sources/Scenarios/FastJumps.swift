import LabKit

/// The kernel is unpacked and moved to a random address before the jump.
let fastJumps: [Scenario] =
  [inARow(3, .lab).extra, inARow(10, .debian6_12).extra]
  + [repacked(by: .gzip)]
  // These take an emulated processor long to unpack. Unit tests cover their decoders.
  + [Compressor.lz4, .xz, .bzip2, .lzma, .lzop].map { repacked(by: $0).extra }
  + [notMoved, report, fiveLevels, damagedPayload, smallInitSize, littleMemory.extra]

/// Each jump uses another seed.
private func inARow(_ count: Int, _ kernel: Kernel) -> Scenario {
  Scenario("\(count) fast jumps in a row: each where its plan says, and nowhere twice") { lab in
    var guest = try await lab.boot(
      kernel, commandLine: "retain_initrd", carrying: [kernel], isChain: true)
    var seed = lab.seed
    var plans: [LoadReport] = []
    for _ in 1...count {
      try await guest.run("cat /sys/firmware/initrd >/run/initrd")
      var plan: LoadReport
      var load: String
      // There are about 500 possible addresses: among ten, two may be equal.
      repeat {
        load =
          "kexec -c --seed=\(seed) -l \(kernel.path) --initrd=/run/initrd"
          + " --command-line='\(Lab.commandLine) retain_initrd quiet'"
        plan = try await guest.plan(load)
        seed += 1
      } while plans.contains { $0.virtualShift == plan.virtualShift } && seed < lab.seed + 100
      try expect(
        !plans.contains { $0.virtualShift == plan.virtualShift }, "a hundred seeds, one address")
      plans.append(plan)
      try await guest.run(load)
      guest = try await guest.jump()
      try await guest.mustRun(at: plan)
    }
    let codes = Set(try plans.map { try $0.place.code })
    try expect(codes.count > 1, "each is at the physical address \(codes)")
  }
}

private func repacked(by compressor: Compressor) -> Scenario {
  Scenario("fast jump into a kernel packed by \(compressor.rawValue)") { lab in
    // This kernel cannot unpack itself: if it starts, the program has unpacked it.
    let kernel = try lab.repack(.lab, by: compressor)
    let guest = try await lab.boot(
      .lab, carrying: [.lab], files: ["boot/repacked": kernel])
    let load = load("/boot/repacked", seed: lab.seed)
    let plan = try await guest.plan(load, noting: "unpacked", about: compressor.rawValue)
    try await guest.run(load)

    let next = try await guest.jump()
    try next.mustBe(.lab)
    try await next.mustRun(at: plan)
  }
}

private let notMoved = Scenario("fast jump with nokaslr: the virtual address stays") { lab in
  let guest = try await lab.boot(.lab, carrying: [.lab])
  try await guest.run(load(Kernel.lab.path, words: "nokaslr"))
  let place = try await guest.jump().place()
  try expect(place.virtualShift == 0, "moved by \(place.virtualShift) in spite of nokaslr")
}

private let report = Scenario("stamps: the next system reports how long each part took") { lab in
  let guest = try await lab.boot(.lab, carrying: [.lab])
  try await guest.run(load(Kernel.lab.path, options: "--stamp"))
  let next = try await guest.jump()
  let times = try JumpReport(try await next.run("kexec report --json").text)
  guard let arrival = next.arrival, let toInit = times.kernelToInit else {
    throw Failure("the console or the report missed the jump")
  }
  try expect(
    times.check > 0 && times.kernelStart > 0 && toInit > 0, "a part took no time: \(times)")
  // The parts follow one another between the old kernel's last line and init. The clocks of host
  // and guest may differ a little.
  let sum = Double(times.check + times.kernelStart + toInit) / 1e9
  let limit = arrival.toInit.wall.seconds * 1.5
  try expect(sum <= limit, "the parts took \(sum) s, all of it at most \(limit) s")
  try await next.run("kexec --report | grep 'kernel start'")
}

private let fiveLevels = Scenario("fast jump with five-level page tables") { lab in
  let guest = try await lab.boot(
    .debian6_1, processor: fiveLevelProcessor, carrying: [.debian6_1])
  guard try await guest.attempt("grep -qw la57 /proc/cpuinfo").status == 0 else {
    throw Skip("this QEMU has no five-level page tables")
  }
  try await guest.mustNote(
    "ordinaryEntry.fiveLevelPaging", when: load(Kernel.debian6_1.path, words: "no5lvl"))
  let load = load(Kernel.debian6_1.path, seed: lab.seed)
  let plan = try await guest.plan(load, noting: "unpacked")
  try await guest.run(load)

  let next = try await guest.jump()
  try next.mustBe(.debian6_1)
  try await next.mustRun(at: plan)
  try await next.run("grep -qw la57 /proc/cpuinfo")
}

private let damagedPayload = Scenario("a damaged payload: the ordinary way is planned") { lab in
  let guest = try await lab.boot(
    .debian6_1, carrying: [.debian6_12], files: ["boot/damaged": lab.damage(.debian6_12)])
  try await guest.mustNote("ordinaryEntry.badPayload", about: "zstd", when: load("/boot/damaged"))
  try await guest.mustNote(
    "ordinaryEntry.switchedOff", when: load("/boot/damaged", options: "--no-fast"))
}

/// A segment of that size would be too small, but the kernel's own decompressor relies on the
/// number in the header.
private let smallInitSize = Scenario(
  "init_size below what the kernel needs: both ways into it, with a warning"
) { lab in
  let file = try lab.claim(.lab, initSize: 0x40_0000)
  var guest = try await lab.boot(
    .lab, commandLine: "retain_initrd", isChain: true, files: ["boot/small": file])
  try await guest.mustRefuse("kexec -s -l /boot/small", saying: "init_size (0x260)")
  for options in ["", "--no-fast"] {
    let load =
      "kexec \(options) -l /boot/small --reuseinitrd"
      + " --command-line='\(Lab.commandLine) retain_initrd nokaslr'"
    let warning = try await guest.run(load).errors
    try expect(warning.contains("init_size (0x260) of the kernel is 0x400000"), warning)
    guest = try await guest.jump()
    try guest.mustBe(.lab)
  }
}

private let littleMemory = Scenario("little memory: the ordinary way, with a note") { lab in
  let guest = try await lab.boot(.debian6_1, memory: 256, carrying: [.debian6_12])
  // The remaining memory is enough to load the kernel, but not to unpack it as well.
  try await guest.run(
    """
    free=$(awk '/MemAvailable/ { print int($2 / 1024) - 110 }' /proc/meminfo)
    [ $free -le 0 ] || head -c ${free}m /dev/zero >/run/fill
    """)
  try await guest.mustNote("ordinaryEntry.littleMemory", when: load(Kernel.debian6_12.path))
  try await guest.run(load(Kernel.debian6_12.path))
  try await guest.jump().mustBe(.debian6_12)
}

private func load(
  _ kernel: String, options: String = "", words: String = "", seed: Int? = nil
) -> String {
  "kexec -c \(options) \(seed.map { "--seed=\($0)" } ?? "") -l \(kernel) --initrd=/boot/initrd"
    + " --command-line='\(Lab.commandLine) \(words)'"
}
