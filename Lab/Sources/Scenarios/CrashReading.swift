import Foundation
import LabKit

/// What is read out of the memory of a crashed kernel. The raw dumps stay in .lab/vmcores, where
/// Tests/check-dumps.py compares what this program and others find in them.
let crashReading: [Scenario] = [
  reading(.debian6_1), reading(.debian6_12), reading(.newest).extra,
]

private func reading(_ kernel: Kernel) -> Scenario {
  Scenario("kexec dump reads /proc/vmcore of \(kernel.rawValue): the log, the report, the classes")
  {
    lab in
    let guest = try await lab.boot(
      kernel, cpus: 2, commandLine: "crashkernel=256M", carrying: [.lab], sharesMemory: true,
      hasEmptyDisk: true)
    try await guest.skipUnlessOffered("dump")
    try await guest.run(
      "kexec -c -p /boot/lab --initrd=/boot/initrd --command-line='\(Lab.commandLine) nr_cpus=1'")
    try await guest.run(memoryOfEachKind)
    // A record of several lines, characters that are escaped, and a last record before the panic.
    try await guest.run(#"printf 'lab: one\nlab: two\001\\\303\274 end\n' >/dev/kmsg"#)
    let before = try await guest.run("dmesg").bytes

    let (crash, dump) = try await guest.crash(into: .lab, cpus: 2)
    let log = try await crash.run("kexec dump log /proc/vmcore").bytes
    try expect(log.starts(with: before), "the log is not what dmesg showed")
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

    let place = ".lab/vmcores/\(kernel.rawValue)"
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
