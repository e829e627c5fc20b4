internal import ELFFormat
internal import KexecABI
internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory

/// The options of the classic command line: `kexec` without a command.
enum Option: CaseIterable, Sendable {
  case load, loadPanic, exec, unload, status, force, printCrashSize, report
  case loadPreserveContext, loadJumpBackHelper, entry
  case fileSyscall, segmentsSyscall, automaticSyscall, noChecks, digest, noFast, seed
  case memMin, memMax
  case entry32Bit, realMode, type
  case argsLinux, argsELF, argsNone, module
  case noCMA, forceDTB, dropHandover
  case initrd, forceInitrd, reuseInitrd, deviceTree, commandLine, append
  case reuseCommandLine, reuseConsole, earlyOutput, preserve, noEFI, stamp
  case elf32CoreHeaders, elf64CoreHeaders, passMemmap, hotplug
  case consoleSerial, serial, serialBaud, consoleVGA, resetVGA, reuseVideoType
  case forceSync, noSync, noIfdown
  case dryRun, json, machine, architecture, quiet, debug, help, version
}

// The rows by section, in the order of `--help`.
extension Option {
  static let usual: [OptionDescription<Option, ClassicValues>] = [
    .init(.load, "l", "load", help: "load KERNEL; systemctl kexec or -e starts it"),
    .init(
      .loadPanic, "p", "load-panic", help: "load KERNEL as the crash kernel; a panic starts it"),
    .init(.exec, "e", "exec", help: "start the loaded kernel at once"),
    .init(
      .force, "f", "force",
      help: "load KERNEL and start it at once; with -e ignore a changed memory map"
    ) {
      $0.invocation.isForced = true
    },
    .init(.unload, "u", "unload", help: "free the loaded kernel; with -p the crash kernel"),
    .init(
      .status, "S", "status",
      help: "say what is loaded; exit code 1 if a crash kernel is loaded (-S -l: a kernel), else 0"),
    .init(
      .initrd, nil, "initrd", "ramdisk", value: "FILE",
      help: "the initrd; may be given several times"
    ) {
      $0.options.initrds.append($0.path())
    },
    .init(.commandLine, nil, "command-line", value: "TEXT", help: "the kernel's command line") {
      $0.options.commandLine = $0.value
    },
    .init(
      .reuseCommandLine, nil, "reuse-cmdline", help: "start from the running kernel's command line"
    ) {
      $0.options.reusesCommandLine = true
    },
    .init(.append, nil, "append", value: "TEXT", help: "add TEXT to the command line") {
      $0.options.appended.append($0.value)
    },
    .init(
      .dryRun, nil, "dry-run",
      help: "say what would be loaded and what stands in the way, and change nothing"
    ) {
      $0.invocation.isDryRun = true
    },
    .init(
      .fileSyscall, "s", "kexec-file-syscall",
      help: "use kexec_file_load only (with -e, -s means --force-sync)"
    ) {
      $0.setFileCall()
    },
    .init(.segmentsSyscall, "c", "kexec-syscall", help: "use kexec_load only") {
      $0.options.call = .segments
    },
    .init(
      .automaticSyscall, "a", "kexec-syscall-auto",
      help: "use the system call that jumps faster, or kexec_file_load where signatures are"
        + " required (default)"
    ) {
      $0.options.call = nil
    },
    .init(.debug, help: "show more: all addresses, and what is read, decided and called"),
    .init(.help),
    .init(.version, "v", "version", help: "print the version and exit"),
  ]

  static let actions: [OptionDescription<Option, ClassicValues>] = [
    .init(
      .loadPreserveContext, nil, "load-preserve-context",
      help: "load KERNEL so that it can return to the running kernel, which then goes on"
    ) {
      $0.options.preservesContext = true
    },
    .init(
      .loadJumpBackHelper, nil, "load-jump-back-helper",
      help: "in a kernel that --load-preserve-context loaded: load what returns to the first one"),
    .init(
      .entry, nil, "entry", value: "ADDR",
      help: "where --load-jump-back-helper returns to (default: kexec_jump_back_entry= on the"
        + " running kernel's command line)"
    ) {
      $0.setJumpBackEntry()
    },
    .init(
      .printCrashSize, nil, "print-ckr-size",
      help: "print how many bytes are reserved for a crash kernel"),
    .init(
      .report, nil, "report",
      help: "say how long the jump into this system took, if it was loaded with --stamp"),
  ]

  static let content: [OptionDescription<Option, ClassicValues>] = [
    .init(
      .type, "t", "type", value: "TYPE",
      help: "the type of the kernel file: \(imageTypeNames)"
    ) {
      $0.setImageType()
    },
    .init(
      .forceInitrd, nil, "force-initrd",
      help: "load an initrd even if it is damaged"
    ) {
      $0.options.forcesInitrd = true
    },
    .init(
      .reuseInitrd, nil, "reuseinitrd",
      help: "use the running kernel's initrd, if it was booted with retain_initrd"
    ) {
      $0.options.reusesInitrd = true
    },
    .init(
      .module, nil, "module", value: "FILE [ARG]...",
      help: "a module for a multiboot kernel; may be given several times"
    ) {
      $0.options.modules.append($0.path())
    },
    .init(.deviceTree, nil, "dtb", value: "FILE", help: "a flattened device tree") {
      $0.options.deviceTree = $0.path()
    },
    .init(
      .reuseConsole, nil, "reuse-console",
      help: "let the kernel write to the consoles of the running one"
    ) {
      $0.options.reusesConsole = true
    },
    .init(
      .earlyOutput, nil, "early-output",
      help: "let the kernel write to the serial port in use before its consoles start: for a"
        + " kernel that hangs silently"
    ) {
      $0.options.hasEarlyOutput = true
    },
    .init(
      .preserve, nil, "preserve", value: "modules",
      help: "let the next system load the modules of the running one, with their parameters"
    ) {
      $0.setPreserved()
    },
    .init(
      .stamp, nil, "stamp",
      help: "add time stamps to the command line, for --report in the next system"
    ) {
      $0.options.isStamped = true
    },
    .init(
      .argsLinux, nil, "args-linux",
      help: "give an ELF kernel arguments as Linux takes them (default for a vmlinux)"
    ) {
      $0.setArguments(.linux)
    },
    .init(
      .argsELF, nil, "args-elf",
      help: "give an ELF kernel arguments as ELF boot notes (default for others)"
    ) {
      $0.setArguments(.elfNotes)
    },
    .init(.argsNone, nil, "args-none", help: "give an ELF kernel no arguments") {
      $0.setArguments(.none)
    },
  ]

  static let loading: [OptionDescription<Option, ClassicValues>] = [
    .init(
      .noFast, nil, "no-fast",
      help: "do not unpack kernel and initrd now: the next kernel does it, which takes longer"
    ) {
      $0.options.isFast = false
    },
    .init(
      .digest, nil, "digest", value: "NAME",
      help: "check the segments before the jump by komihash (64 bits, fast; default) or sha256"
    ) {
      $0.setDigest()
    },
    .init(.noChecks, "i", "no-checks", help: "do not check the segments before the jump") {
      $0.options.digest = .none
    },
    .init(
      .seed, nil, "seed", value: "N",
      help: "draw the random addresses from N: the same N gives the same addresses"
    ) {
      $0.options.seed = $0.number()
    },
    .init(.memMin, nil, "mem-min", value: "ADDR", help: "put no segment below this address") {
      $0.values.lowest = $0.address()
    },
    .init(
      .memMax, nil, "mem-max", value: "ADDR",
      help: "put no segment above this address (64M is 0x4000000)"
    ) {
      $0.values.highest = $0.address()
    },
    .init(
      .entry32Bit, nil, "entry-32bit",
      help: "enter the kernel in 32-bit mode even if it has a 64-bit entry"
    ) {
      $0.options.entry = .protected32
    },
    .init(
      .realMode, nil, "real-mode",
      help: "enter the kernel in real mode, where it can call the BIOS"
    ) {
      $0.options.entry = .realMode
    },
    .init(.noEFI, nil, "noefi", help: "do not hand EFI over to the kernel") {
      $0.options.handsOverEFI = false
    },
    .init(
      .reuseVideoType, nil, "reuse-video-type",
      help: "hand over the firmware's framebuffer even if a graphics driver may have changed it"
    ) {
      $0.options.reusesVideoType = true
    },
    .init(
      .dropHandover, nil, "drop-handover",
      help: "load or start a kernel even if state kept for it (KHO) is lost"
    ) {
      $0.options.dropsHandover = true
    },
    .init(
      .noCMA, nil, "no-cma",
      help: "kexec_file_load: do not use contiguous memory (CMA); Linux 6.17 and later"
    ) {
      $0.options.avoidsContiguousMemory = true
    },
    .init(
      .forceDTB, nil, "force-dtb",
      help: "kexec_file_load: hand over the running kernel's device tree; Linux 6.18 and later"
    ) {
      $0.options.forcesDeviceTree = true
    },
  ]

  static let crash: [OptionDescription<Option, ClassicValues>] = [
    .init(
      .elf64CoreHeaders, nil, "elf64-core-headers",
      help: "64-bit ELF headers for the dump (default)"
    ) {
      $0.options.coreHeaderWidth = .bits64
    },
    .init(
      .elf32CoreHeaders, nil, "elf32-core-headers",
      help: "32-bit ELF headers, if all memory is below 4 GiB"
    ) {
      $0.options.coreHeaderWidth = .bits32
    },
    .init(
      .passMemmap, nil, "pass-memmap-cmdline",
      help: "pass the memory map as memmap= words on the command line"
    ) {
      $0.options.passesMemoryMap = true
    },
    .init(
      .hotplug, nil, "hotplug",
      help: "let the running kernel update the headers when CPUs or memory come and go"
    ) {
      $0.options.followsHotplug = true
    },
  ]

  static let console: [OptionDescription<Option, ClassicValues>] = [
    .init(
      .serial, nil, "serial", value: "PORT",
      help: "the serial port: ttyS0 to ttyS3 or a port number (default: ttyS0)"
    ) {
      $0.options.serial = $0.value
    },
    .init(
      .serialBaud, nil, "serial-baud", value: "N",
      help: "its rate; 0 leaves it as it is (default)"
    ) {
      $0.setBaud()
    },
    .init(
      .consoleSerial, nil, "console-serial",
      help: "write progress to the serial port, not only errors"
    ) {
      $0.options.greetsOnSerial = true
    },
    .init(.consoleVGA, nil, "console-vga", help: "write to the VGA text screen too") {
      $0.options.writesOnVGA = true
    },
    .init(.resetVGA, nil, "reset-vga", help: "put the VGA into text mode before the jump") {
      $0.options.resetsVGA = true
    },
  ]

  static let running: [OptionDescription<Option, ClassicValues>] = [
    .init(
      .forceSync, nil, "force-sync",
      help: "sync every file system; do not jump if one fails"
    ) {
      $0.invocation.sync = .forCertain
    },
    .init(.noSync, "y", "no-sync", help: "do not sync file systems") {
      $0.invocation.sync = .none
    },
    .init(.noIfdown, "x", "no-ifdown", help: "do not take network interfaces down") {
      $0.invocation.takesInterfacesDown = false
    },
  ]

  static let output: [OptionDescription<Option, ClassicValues>] = [
    .init(.json, help: "print as JSON (plans, -S, --report, errors)"),
    .init(.quiet, help: "with -S: print nothing, only exit"),
    .init(
      .machine, help: "with --dry-run: plan for the machine whose /proc and /sys are in DIR"),
    .init(
      .architecture, nil, "arch", value: "NAME",
      help: "with --machine: its architecture, if its files do not tell (x86_64)"
    ) {
      $0.setArchitecture()
    },
  ]
}
