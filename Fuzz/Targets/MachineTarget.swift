import KexecABI
import KernelImages
import KexecPlanning
import RunningSystem
import TestSupport

@testable import KexecCommand
@testable import LinuxSystem

/// The bytes are the files of a machine: `%%`, a path and a newline, then the contents, and so on.
/// The machine is read completely. A kernel is then planned with everything that can be reused from
/// the machine: once for a reboot, and once as a crash kernel.
func fuzzMachine(_ input: Input) -> Int32 {
  let tree = TemporaryTree(bytes: machineFiles(in: input.bytes))
  let files = FileTree(root: tree.path)
  let machine = Machine.read(files, with: [.terminals, .modules, .crash, .rsdp])
  if let pointer = machine.rsdpAddress {
    expect(pointer.starts(with: "RSD PTR ".utf8), "an RSDP has its signature")
    expect(pointer.reduce(0, &+) == 0, "and a right checksum")
  }
  _ = NetworkInterfaces.names(in: files)
  _ = NetworkState(in: files).entries
  _ = files.writableFileSystems()
  let status = StatusReport(machine.kexec, in: files)
  _ = (status.text, status.json.text)
  let architecture = ArchitectureEvidence(in: files)
  expect(architecture == ArchitectureEvidence(in: files), "the same files tell the same")
  checkStamps(of: machine, in: files)

  guard let image = try? KernelImage.open(smallKernel.bytes) else { fatalError("no kernel") }
  var request = LoadRequest(kernel: smallKernel)
  request.options.reusesCommandLine = true
  request.options.reusesConsole = true
  request.options.preservesModules = true
  request.options.followsHotplug = true
  request.options.passesMemoryMap = true
  for purpose in [LoadOptions.Purpose.reboot, .crash] {
    request.options.purpose = purpose
    _ = machine.kexec.obstacle(for: purpose)
    _ = routes(for: request, on: machine, image: image)
    planByBothCalls(request, on: machine, image: image) { plan in
      expect(plan.commandLine.utf8.count <= 2047, "the kernel takes the command line")
    }
  }
  return withExtendedLifetime(tree) { 0 }
}

/// The smallest possible kernel.
let smallKernel = LoadRequest.File(path: "vmlinuz", bytes: BzImageBuilder().file)

/// Splits the input into files. Only files that the program reads count; a number in a name may
/// have any value; if a name occurs twice, the last file counts.
private func machineFiles(in bytes: [UInt8]) -> [String: [UInt8]] {
  var files: [String: [UInt8]] = [:]
  for part in bytes.split(separator: Array("%%".utf8)) {
    guard let end = part.firstIndex(of: UInt8(ascii: "\n")),
      let path = String(validating: part[..<end], as: UTF8.self),
      knownFiles.contains(path.withoutNumbers)
    else { continue }
    var content = Array(part[(end + 1)...])
    switch path {
    case "/sys/kernel/boot_params/data":
      // The kernel's own file always has this size.
      content = Array(content.prefix(4096))
      content += [UInt8](repeating: 0, count: 4096 - content.count)
    case "/dev/mem":
      // The contents are placed at the address of a BIOS.
      content = [UInt8](repeating: 0, count: 0xE0000) + content
    default: break
    }
    files[path] = content
  }
  return files
}

extension String {
  /// The text with each number replaced by a single 0.
  fileprivate var withoutNumbers: String {
    var text = ""
    for character in self {
      let isDigit = character.isASCII && character.isNumber
      if !isDigit { text.append(character) } else if text.last != "0" { text.append("0") }
    }
    return text
  }
}

/// All files that are read, without numbers. None of them is a directory that contains another.
private let knownFiles: Set<String> = Set(
  """
  /dev/kmsg /dev/liveupdate /dev/mem
  /proc/cmdline /proc/consoles /proc/cpuinfo /proc/fb /proc/iomem /proc/kallsyms /proc/kcore
  /proc/config.gz /proc/meminfo /proc/misc /proc/modules
  /proc/net/dev /proc/net/if_inet0 /proc/net/ipv0_route /proc/net/route
  /proc/self/mountinfo /proc/self/mounts /proc/self/status /proc/self/uid_map
  /proc/version /run/kexec-crash-loaded /run/kexec-loaded
  /proc/sys/kernel/kexec_load_disabled /proc/sys/kernel/kexec_load_limit_panic
  /proc/sys/kernel/kexec_load_limit_reboot
  /sys/class/tty/ttyS0/port
  /sys/devices/system/cpu/cpu0/crash_notes /sys/devices/system/cpu/cpu0/crash_notes_size
  /sys/firmware/efi/config_table /sys/firmware/efi/fw_platform_size /sys/firmware/efi/fw_vendor
  /sys/firmware/efi/runtime /sys/firmware/efi/systab
  /sys/firmware/efi/runtime-map/0/attribute /sys/firmware/efi/runtime-map/0/num_pages
  /sys/firmware/efi/runtime-map/0/phys_addr /sys/firmware/efi/runtime-map/0/type
  /sys/firmware/efi/runtime-map/0/virt_addr
  /sys/firmware/memmap/0/end /sys/firmware/memmap/0/start /sys/firmware/memmap/0/type
  /sys/kernel/debug/kho/out/scratch_len /sys/kernel/debug/kho/out/sub_fdts/memblock
  /sys/kernel/boot_params/data
  /sys/kernel/boot_params/setup_data/0/data /sys/kernel/boot_params/setup_data/0/type
  /sys/kernel/crash_elfcorehdr_size /sys/kernel/kexec_crash_loaded /sys/kernel/kexec_crash_size
  /sys/kernel/kexec/crash_elfcorehdr_size /sys/kernel/kexec/crash_cma_ranges
  /sys/kernel/kexec/loaded /sys/kernel/kexec/crash_loaded /sys/kernel/kexec/crash_size
  /sys/kernel/kexec_loaded /sys/kernel/security/ima/runtime_measurements_count
  /sys/kernel/security/lockdown /sys/kernel/vmcoreinfo
  /sys/module/dummy/parameters/numdummies /sys/module/loop/parameters/max_loop
  /sys/module/m/sections/.gnu.linkonce.this_module /sys/module/m/sections/__param
  """.split { $0 == " " || $0 == "\n" }.map(String.init))

/// Checks the words that an earlier load of ours left on the command line.
private func checkStamps(of machine: Machine, in files: FileTree) {
  guard let word = machine.commandLine.value(of: TimeStamps.name),
    let stamps = TimeStamps(word: word)
  else { return }
  let again = KernelCommandLine(stamps.word).value(of: TimeStamps.name).flatMap {
    TimeStamps(word: $0)
  }
  expect(again == stamps, "stamps are read as they were written")
  let times = JumpTimes(
    stamps, rate: files.loggedCounterRate ?? 2.5, clocks: (1 << 62, 5_000_000_000),
    start: stamps.wallClock &+ 1000, initStart: files.loggedTime(of: "Run "))
  _ = times?.text
  _ = times?.json.text
}
