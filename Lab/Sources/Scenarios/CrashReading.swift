import Foundation
import LabKit

/// What is read out of the memory of a crashed kernel. The raw dumps stay in .lab/vmcores, where
/// Tests/check-dumps.py compares what this program and others find in them.
let crashReading: [Scenario] =
  [
    reading(CrashedMachine("6.1", .debian6_1)),
    reading(CrashedMachine("6.12", .debian6_12)),
    reading(CrashedMachine("newest", .newest)).extra,
    reading(CrashedMachine("6.12 under UEFI", .debian6_12, firmware: .uefi)).extra,
    reading(
      CrashedMachine("6.1 with nokaslr and 512 MiB", .debian6_1, memory: 512, words: "nokaslr")
    )
    .extra,
    reading(
      CrashedMachine("6.12 with 5-level page tables", .debian6_12, processor: fiveLevelProcessor)
    )
    .extra,
    reading(
      CrashedMachine(
        "6.1 with 4 GiB", .debian6_1, memory: 4096,
        words: "crashkernel=256M,high crashkernel=64M,low")
    ).extra,
  ]

/// A machine whose kernel panics.
private struct CrashedMachine {
  /// What its scenario and the directory of its raw dump are called.
  let name: String
  let kernel: Kernel
  let firmware: Firmware
  /// In MiB.
  let memory: Int
  let processor: String
  /// More of its command line.
  let words: String

  init(
    _ name: String, _ kernel: Kernel, firmware: Firmware = .bios, memory: Int = 1024,
    processor: String = defaultProcessor, words: String = ""
  ) {
    (self.name, self.kernel, self.firmware, self.memory, self.processor) =
      (name, kernel, firmware, memory, processor)
    let reserved = memory > 512 ? "crashkernel=256M" : "crashkernel=160M"
    self.words = words.contains("crashkernel=") ? words : "\(words) \(reserved)"
  }
}

private func reading(_ crashed: CrashedMachine) -> Scenario {
  Scenario("kexec dump reads /proc/vmcore of \(crashed.name): the log, the report, the classes") {
    lab in
    let guest = try await lab.boot(
      crashed.kernel, firmware: crashed.firmware, memory: crashed.memory, cpus: 2,
      processor: crashed.processor, commandLine: crashed.words, carrying: [.lab],
      sharesMemory: true, hasEmptyDisk: true)
    try await guest.skipUnlessOffered("dump")
    try await guest.run(loadCrashKernel(.lab))
    try await guest.run(memoryOfEachKind)
    // A record of several lines, characters that are escaped, and a last record before the panic.
    try await guest.run(#"printf 'lab: one\nlab: two\001\\\303\274 end\n' >/dev/kmsg"#)
    let before = try await guest.readLog()

    let (crash, dump) = try await guest.crash(into: .lab, cpus: 2)
    try await crash.mustFind(before, of: guest.release)
    let log = try await crash.run("kexec dump log /proc/vmcore").bytes
    let info = try await crash.run("kexec dump info --json /proc/vmcore").text
    for (key, name) in [("OSRELEASE", "release"), ("BUILD-ID", "buildID")] {
      let value = try dump.value(of: key)
      try expect(info.contains("\"\(name)\": \"\(value)\""), "no \(key) in \(info)")
    }
    for part in ["\"processors\": 2,", "\"information\": \"note\"", "\"missingBytes\": 0"] {
      try expect(info.contains(part), "no \(part) in \(info)")
    }
    let report = try await crash.run("kexec dump report --json /proc/vmcore").text
    let panic = "sysrq triggered crash"
    for part in [
      "\"kind\": \"sysrq\"", "\"panic\": \"\(panic)\"", "\"release\": \"\(guest.release)\"",
    ] {
      try expect(report.contains(part), "no \(part) in \(report)")
    }
    let classes = try await crash.run("kexec dump classes --level=31 --json /proc/vmcore").bytes

    let place = ".lab/vmcores/\(crashed.name.replacing(" ", with: "-"))"
    try? FileManager.default.removeItem(atPath: place)
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    try Data(log).write(to: URL(fileURLWithPath: place + "/log"))
    try Data(classes).write(to: URL(fileURLWithPath: place + "/classes.json"))
    try await crash.writeRawDump(dump, to: place + "/vmcore")
  }
}

/// Pages of all classes: of a tmpfs, of a disk's cache (which is zeros), of huge pages, of processes.
private let memoryOfEachKind = """
  set -e
  echo 4 >/proc/sys/vm/nr_hugepages
  head -c 16m /dev/urandom >/run/random
  cat /dev/nvme0n1 >/dev/null
  mkfifo /run/ready /run/never
  (words=$(head -c 6m /dev/urandom | base64); echo >/run/ready; read -r word </run/never) \
    >/dev/null 2>&1 </dev/null &
  read -r word </run/ready
  rm /run/random
  head -c 8m /dev/urandom >/run/random
  """
