import LabKit

/// What firmware left in memory, and what the running kernel was given, is still there after the
/// jump.
let firmwareState: [Scenario] = [efiTables, forgottenLog.extra, deviceTree, flagsOfComfort]

/// OVMF's table of memory attributes is in ordinary RAM, where an initrd could be placed.
private let efiTables = Scenario("EFI tables in ordinary RAM: nothing is put on them, UEFI") {
  lab in
  let guest = try await lab.boot(.debian6_1, firmware: .uefi, carrying: [.lab])
  let table = try await guest.memoryAttributes()
  let load =
    "kexec -c -l \(Kernel.lab.path) --initrd=/boot/initrd --mem-max=\(table + 65536)"
  try await guest.mustKeepFree(table, when: load)
  try await guest.run("\(load) --command-line='\(Lab.commandLine)'")

  let next = try await guest.jump()
  try next.mustBe(.lab)
  try expect(try await next.memoryAttributes() == table, "the next kernel found another table")
  try next.mustNotHaveLogged("memattr: Unexpected")
  try await next.run("ls /sys/firmware/efi/efivars/BootOrder-*")
}

private let forgottenLog = Scenario(
  "EFI tables in ordinary RAM: found without the kernel's log, UEFI"
) { lab in
  let guest = try await lab.boot(.debian6_1, firmware: .uefi, carrying: [.lab])
  let table = try await guest.memoryAttributes()
  // The log holds 256 KiB. Messages of this level are not printed on the console.
  try await guest.run(
    """
    echo on >/proc/sys/kernel/printk_devkmsg
    line=$(head -c 600 /dev/zero | tr '\\0' x)
    for i in $(seq 1200); do echo "<7>$line" >/dev/kmsg; done
    ! dmesg | grep -q 'MEMATTR='
    """)
  let load =
    "kexec -c -l \(Kernel.lab.path) --initrd=/boot/initrd --mem-max=\(table + 65536)"
  try await guest.mustKeepFree(table, when: load)
}

/// Only this program gives the virtual machine a device tree.
private let deviceTree = Scenario(
  "--dtb and --reuseinitrd: the kernel has both, and hands them over"
) { lab in
  // An empty tree: header, no reservations, a root node without properties, no strings.
  let header: [UInt32] = [0xD00D_FEED, 72, 56, 72, 40, 17, 16, 0, 0, 16]
  let body: [UInt32] = [0, 0, 0, 0, 1, 0, 2, 9]
  let tree = (header + body).flatMap { word in
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) }
  }
  let guest = try await lab.boot(
    .lab, commandLine: "retain_initrd", carrying: [.lab], isChain: true,
    files: ["boot/tree.dtb": tree])
  let load =
    "kexec -l \(Kernel.lab.path) --reuseinitrd"
    + " --command-line='\(Lab.commandLine) retain_initrd quiet'"
  try await guest.run("head -c 60 /boot/tree.dtb >/run/short.dtb")
  try await guest.mustRefuse(
    "\(load) --dtb=/run/short.dtb", saying: "\"/run/short.dtb\": truncated")
  try await guest.mustRefuse("\(load) --dtb=/bin/busybox", saying: "not a device tree")
  try await guest.run("\(load) --dtb=/boot/tree.dtb")

  let next = try await guest.jump()
  try await next.mustHaveTree()
  try await next.run(load)
  try await next.jump().mustHaveTree()
}

private let flagsOfComfort = Scenario(
  "--no-cma and --force-dtb: dropped with a warning where the kernel does not know them"
) { lab in
  let guest = try await lab.boot(.debian6_1, carrying: [.lab])
  let said = try await guest.load(.lab, by: .file, options: "--no-cma --force-dtb")
  try expect(said.errors.contains("does not support --no-cma and --force-dtb"), said.errors)
  try await guest.mustHaveLoaded(true)
  try await guest.run("kexec -u")
  try await guest.mustRefuse(
    "kexec -l \(Kernel.lab.path) --reuseinitrd", saying: "needs retain_initrd")
  let classic = try await guest.load(.lab, by: .classic, options: "--no-cma --force-dtb")
  try expect(!classic.errors.contains("--no-cma"), classic.errors)
}

extension Guest {
  /// Fails unless this kernel got the tree.
  fileprivate func mustHaveTree(file: String = #fileID, line: Int = #line) async throws {
    try await run(
      """
      for node in /sys/kernel/boot_params/setup_data/*; do
        if [ "$(cat $node/type)" = 0x2 ]; then cmp $node/data /boot/tree.dtb && found=yes; fi
      done
      [ -n "$found" ]
      """, file: file, line: line)
  }

  /// The address at which the kernel found the table of memory attributes.
  fileprivate func memoryAttributes() async throws -> UInt64 {
    let text = try await run("dmesg | sed -n 's/.* MEMATTR=0x\\([0-9a-f]*\\) .*/\\1/p'").text
    guard let address = UInt64(text, radix: 16) else {
      throw Skip("this firmware has no table of memory attributes")
    }
    return address
  }

  /// Fails unless the plan has segments right below `table` and none on its page.
  fileprivate func mustKeepFree(
    _ table: UInt64, when load: String, file: String = #fileID, line: Int = #line
  ) async throws {
    let report = try LoadReport(try await run("\(load) --dry-run --json").text)
    let page = table & ~0xFFF
    try expect(
      report.isFree(page), "a segment is at 0x\(String(page, radix: 16))", file: file, line: line)
    try expect(
      !report.isFree(page - 1), "nothing is right below 0x\(String(page, radix: 16))",
      file: file, line: line)
  }
}
