import LabKit

/// The kernel is unpacked and moved before the jump.
let fastJumps: [Scenario] =
  [tenAddresses]
  + Firmware.allCases.flatMap { firmware in Kernel.allCases.map { moved($0, firmware) } }
  + [Compressor.gzip, .xz, .bzip2, .lzma, .lzop, .lz4].map(repacked)
  + [notMoved, report, fiveLevels, damagedPayload, littleMemory]

private func moved(_ kernel: Kernel, _ firmware: Firmware) -> Scenario {
  Scenario(
    "fast jump into \(kernel.rawValue), \(firmware.name): unpacked by us, and at an address that we drew"
  ) { lab in
    let guest = try await lab.boot(.debian6_1, firmware: firmware, carrying: [kernel])
    try await guest.mustNote("a fast jump", when: load(kernel.path))
    try await guest.run(load(kernel.path))

    let next = try await guest.jump()
    try next.mustBe(kernel)
    // Its own decompressor would have told of itself on the early console.
    try next.mustNotHaveLogged("Decompressing Linux")
    try await next.mustHaveMoved()
  }
}

private let tenAddresses = Scenario(
  "ten fast jumps in a row: ten addresses", within: .seconds(600)
) { lab in
  var guest = try await lab.boot(
    .debian6_12, commandLine: "retain_initrd", carrying: [.debian6_12], isChain: true)
  var places: [KernelPlace] = []
  for _ in 1...10 {
    try await guest.run("cat /sys/firmware/initrd >/run/initrd")
    try await guest.run(
      "kexec -c -l \(Kernel.debian6_12.path) --initrd=/run/initrd"
        + " --command-line='\(Lab.commandLine) retain_initrd quiet'")
    guest = try await guest.jump()
    places.append(try await guest.place())
  }
  let addresses = Set(places.map(\.text))
  // 500 places: two of ten are the same in one of eleven runs, three or more pairs never.
  try expect(addresses.count >= 9, "only \(addresses.count) addresses in ten jumps: \(places)")
  try expect(Set(places.map(\.code)).count >= 8, "the physical addresses repeat: \(places)")
}

private func repacked(by compressor: Compressor) -> Scenario {
  Scenario("fast jump into a kernel packed by \(compressor.rawValue)") { lab in
    // This kernel cannot unpack itself: that it starts proves who did it.
    let kernel = try lab.repack(.debian6_12, by: compressor)
    let guest = try await lab.boot(
      .debian6_1, carrying: [.debian6_12], files: ["boot/repacked": kernel])
    try await guest.mustNote("(\(compressor.rawValue))", when: load("/boot/repacked"))
    try await guest.run(load("/boot/repacked"))

    let next = try await guest.jump()
    try next.mustBe(.debian6_12)
    try await next.mustHaveMoved()
  }
}

private let notMoved = Scenario("fast jump with nokaslr: the virtual address stays") { lab in
  let guest = try await lab.boot(.debian6_1, carrying: [.debian6_12])
  try await guest.run(load(Kernel.debian6_12.path, words: "nokaslr"))
  let place = try await guest.jump().place()
  try expect(place.virtualShift == 0, "moved by \(place.virtualShift) in spite of nokaslr")
}

private let report = Scenario("stamps: the next system reports how long each part took") { lab in
  let guest = try await lab.boot(.debian6_1, carrying: [.debian6_12])
  try await guest.run(load(Kernel.debian6_12.path, options: "--stamp"))
  let next = try await guest.jump()
  let times = try JumpReport(try await next.run("kexec --report --json").text)
  try expect((100_000...5_000_000_000).contains(times.check), "the check took \(times.check) ns")
  try expect(times.kernelStart < 20_000_000_000, "the start took \(times.kernelStart) ns")
  let arrival = Double(times.kernelToInit ?? 0) / 1e9
  try expect((0.1...60).contains(arrival), "the way to init took \(arrival) s")
  try await next.run("kexec --report | grep 'kernel start'")
}

private let fiveLevels = Scenario("fast jump with five-level page tables") { lab in
  let guest = try await lab.boot(
    .debian6_1, processor: "max,la57=on", carrying: [.debian6_12])
  guard try await guest.attempt("grep -qw la57 /proc/cpuinfo").status == 0 else {
    throw Skip("this QEMU has no five-level page tables")
  }
  try await guest.mustNote("a fast jump", when: load(Kernel.debian6_12.path))
  try await guest.mustNote(
    "5-level", when: load(Kernel.debian6_12.path, words: "no5lvl"))
  try await guest.run(load(Kernel.debian6_12.path))

  let next = try await guest.jump()
  try next.mustBe(.debian6_12)
  try await next.mustHaveMoved()
  try await next.run("grep -qw la57 /proc/cpuinfo")
}

private let damagedPayload = Scenario("a damaged payload: the ordinary way is planned") { lab in
  let guest = try await lab.boot(
    .debian6_1, carrying: [.debian6_12], files: ["boot/damaged": lab.damage(.debian6_12)])
  try await guest.mustNote("does not unpack as zstd", when: load("/boot/damaged"))
  try await guest.mustNote("as asked for", when: load("/boot/damaged", options: "--no-fast"))
}

private let littleMemory = Scenario("little memory: the ordinary way, with a note") { lab in
  let guest = try await lab.boot(.debian6_1, memory: 256, carrying: [.debian6_12])
  // What is left is enough to load the kernel, and not to unpack it as well.
  try await guest.run(
    """
    free=$(awk '/MemAvailable/ { print int($2 / 1024) - 110 }' /proc/meminfo)
    [ $free -le 0 ] || head -c ${free}m /dev/zero >/run/fill
    """)
  try await guest.mustNote("the kernel unpacks itself", when: load(Kernel.debian6_12.path))
  try await guest.run(load(Kernel.debian6_12.path))
  try await guest.jump().mustBe(.debian6_12)
}

private func load(_ kernel: String, options: String = "", words: String = "") -> String {
  "kexec -c \(options) -l \(kernel) --initrd=/boot/initrd"
    + " --command-line='\(Lab.commandLine) \(words)'"
}

extension Guest {
  /// Fails unless the kernel runs at another address than it was linked for, and its code is where a
  /// kernel may be.
  fileprivate func mustHaveMoved(file: String = #fileID, line: Int = #line) async throws {
    let place = try await place()
    let alignment: UInt64 = 0x20_0000
    try expect(
      place.virtualShift != 0 && place.virtualShift % alignment == 0
        && place.virtualShift < 0x4000_0000,
      "moved by \(place.virtualShift)", file: file, line: line)
    try expect(
      place.code >= 0x100_0000 && place.code % alignment == 0,
      "the code is at \(place.code)", file: file, line: line)
  }
}
