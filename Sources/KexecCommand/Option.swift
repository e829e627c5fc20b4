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
  static let actions: [OptionDescription<Option, ClassicValues>] = [
    .init(.load, "l", "load", help: "load KERNEL, to be run by -e or a reboot"),
    .init(.loadPanic, "p", "load-panic", help: "load KERNEL, to be run on a panic"),
    .init(.exec, "e", "exec", help: "run the loaded kernel"),
    .init(.unload, "u", "unload", help: "free the loaded kernel; with -p the panic kernel"),
    .init(.force, "f", "force", help: "load KERNEL and run it at once, without a shutdown") {
      $0.invocation.isForced = true
    },
    .init(
      .status, "S", "status",
      help: "say what is loaded; exit 1 if the panic kernel (with -l: the kernel) is, else 0"),
    .init(
      .loadPreserveContext, nil, "load-preserve-context",
      help: "load KERNEL so that it can return to the running one, which then goes on"
    ) {
      $0.options.preservesContext = true
    },
    .init(
      .loadJumpBackHelper, nil, "load-jump-back-helper",
      help: "load what returns to the kernel that -e left for the running one"),
    .init(
      .printCrashSize, nil, "print-ckr-size",
      help: "print how many bytes are reserved for a panic kernel"),
    .init(
      .report, nil, "report",
      help: "say how long the jump into this system took, if it was loaded with --stamp"),
  ]

  static let loading: [OptionDescription<Option, ClassicValues>] = [
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
      help: "the call that jumps faster, or checks signatures where they are wanted (default);"
        + " with --no-fast kexec_file_load first"
    ) {
      $0.options.call = nil
    },
    .init(.noChecks, "i", "no-checks", help: "do not check the pieces before the jump") {
      $0.options.digest = .none
    },
    .init(
      .digest, nil, "digest", value: "NAME",
      help: "check the pieces by komihash (64 bits, quick; default) or sha256"
    ) {
      $0.setDigest()
    },
    .init(
      .noFast, nil, "no-fast",
      help: "do not unpack kernel and initrd now: let the next kernel do it"
    ) {
      $0.options.isFast = false
    },
    .init(
      .seed, nil, "seed", value: "N",
      help: "draw the random addresses from this number, so that each load has the same"
    ) {
      $0.options.seed = $0.number()
    },
    .init(.memMin, nil, "mem-min", value: "ADDR", help: "put no piece below this address") {
      $0.values.lowest = $0.address()
    },
    .init(
      .memMax, nil, "mem-max", value: "ADDR",
      help: "put no piece above this address (64M is 0x4000000)"
    ) {
      $0.values.highest = $0.address()
    },
    .init(
      .entry32Bit, nil, "entry-32bit",
      help: "enter the kernel in 32-bit mode, as kernels without a 64-bit entry always are"
    ) {
      $0.options.entry = .protected32
    },
    .init(
      .realMode, nil, "real-mode",
      help: "enter the kernel in real mode, where it asks the BIOS what the machine is"
    ) {
      $0.options.entry = .realMode
    },
    .init(
      .entry, nil, "entry", value: "ADDR",
      help: "where --load-jump-back-helper returns to (default: kexec_jump_back_entry= on the"
        + " running kernel's command line)"
    ) {
      $0.setJumpBackEntry()
    },
    .init(
      .type, "t", "type", value: "TYPE",
      help: "the kernel file is of this type: \(imageTypeNames)"
    ) {
      $0.setImageType()
    },
    .init(
      .noCMA, nil, "no-cma",
      help: "kexec_file_load: put nothing into contiguous memory (CMA), from Linux 6.17 on"
    ) {
      $0.options.avoidsContiguousMemory = true
    },
    .init(
      .forceDTB, nil, "force-dtb",
      help: "kexec_file_load: hand the running kernel's device tree on, from Linux 6.18 on"
    ) {
      $0.options.forcesDeviceTree = true
    },
    .init(
      .dropHandover, nil, "drop-handover",
      help: "load or run a kernel though what is kept for the next one (KHO) is lost"
    ) {
      $0.options.dropsHandover = true
    },
  ]

  static let content: [OptionDescription<Option, ClassicValues>] = [
    .init(
      .initrd, nil, "initrd", "ramdisk", value: "FILE",
      help: "the initrd; may be given several times"
    ) {
      $0.options.initrds.append($0.path())
    },
    .init(
      .forceInitrd, nil, "force-initrd",
      help: "load an initrd that is damaged, too"
    ) {
      $0.options.forcesInitrd = true
    },
    .init(
      .reuseInitrd, nil, "reuseinitrd",
      help: "the running kernel's initrd, if it was booted with retain_initrd"
    ) {
      $0.options.reusesInitrd = true
    },
    .init(.deviceTree, nil, "dtb", value: "FILE", help: "a flattened device tree") {
      $0.options.deviceTree = $0.path()
    },
    .init(.commandLine, nil, "command-line", value: "TEXT", help: "the kernel's command line") {
      $0.options.commandLine = $0.value
    },
    .init(.append, nil, "append", value: "TEXT", help: "words to add to the command line") {
      $0.options.appended.append($0.value)
    },
    .init(
      .reuseCommandLine, nil, "reuse-cmdline",
      help: "start from the running kernel's command line"
    ) {
      $0.options.reusesCommandLine = true
    },
    .init(
      .reuseConsole, nil, "reuse-console",
      help: "let the kernel write where the running one does"
    ) {
      $0.options.reusesConsole = true
    },
    .init(
      .earlyOutput, nil, "early-output",
      help: "let the kernel write on the serial port in use before its consoles are there: for one"
        + " that hangs without a word"
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
      help: "add a word to the command line that lets --report in the next system tell times"
    ) {
      $0.options.isStamped = true
    },
    .init(.noEFI, nil, "noefi", help: "do not hand EFI over to the kernel") {
      $0.options.handsOverEFI = false
    },
    .init(
      .argsLinux, nil, "args-linux",
      help: "an ELF kernel takes arguments like Linux (default for a vmlinux)"
    ) {
      $0.setArguments(.linux)
    },
    .init(
      .argsELF, nil, "args-elf",
      help: "an ELF kernel takes them as ELF boot notes (default for any other)"
    ) {
      $0.setArguments(.elfNotes)
    },
    .init(.argsNone, nil, "args-none", help: "an ELF kernel takes no arguments") {
      $0.setArguments(.none)
    },
    .init(
      .module, nil, "module", value: "FILE [ARG]...",
      help: "a module for a multiboot kernel; may be given several times"
    ) {
      $0.options.modules.append($0.path())
    },
  ]

  static let crash: [OptionDescription<Option, ClassicValues>] = [
    .init(
      .elf64CoreHeaders, nil, "elf64-core-headers",
      help: "headers of 64 bits for the dump (default)"
    ) {
      $0.options.coreHeaderWidth = .bits64
    },
    .init(
      .elf32CoreHeaders, nil, "elf32-core-headers",
      help: "headers of 32 bits, where all memory is below 4 GiB"
    ) {
      $0.options.coreHeaderWidth = .bits32
    },
    .init(
      .passMemmap, nil, "pass-memmap-cmdline",
      help: "tell the memory map by memmap= words on the command line"
    ) {
      $0.options.passesMemoryMap = true
    },
    .init(
      .hotplug, nil, "hotplug",
      help: "let the running kernel update the headers when processors or memory come and go"
    ) {
      $0.options.followsHotplug = true
    },
  ]

  static let console: [OptionDescription<Option, ClassicValues>] = [
    .init(
      .consoleSerial, nil, "console-serial",
      help: "write on the serial port, not only errors"
    ) {
      $0.options.greetsOnSerial = true
    },
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
    .init(.consoleVGA, nil, "console-vga", help: "write on the VGA text screen as well") {
      $0.options.writesOnVGA = true
    },
    .init(.resetVGA, nil, "reset-vga", help: "put the VGA into text mode before the jump") {
      $0.options.resetsVGA = true
    },
    .init(
      .reuseVideoType, nil, "reuse-video-type",
      help: "tell the kernel of firmware's picture though a graphics driver may have changed it"
    ) {
      $0.options.reusesVideoType = true
    },
  ]

  static let running: [OptionDescription<Option, ClassicValues>] = [
    .init(
      .forceSync, nil, "force-sync",
      help: "write every file system for certain, or do not jump"
    ) {
      $0.invocation.sync = .forCertain
    },
    .init(.noSync, "y", "no-sync", help: "do not write file systems before the jump") {
      $0.invocation.sync = .none
    },
    .init(.noIfdown, "x", "no-ifdown", help: "leave network interfaces up before the jump") {
      $0.invocation.takesInterfacesDown = false
    },
  ]

  static let output: [OptionDescription<Option, ClassicValues>] = [
    .init(.dryRun, nil, "dry-run", help: "plan everything, print it, and touch nothing") {
      $0.invocation.isDryRun = true
    },
    .init(.json, help: "print as JSON (with --dry-run and -S)"),
    .init(
      .machine, help: "with --dry-run: plan for the machine whose /proc and /sys are in DIR"),
    .init(
      .architecture, nil, "arch", value: "NAME",
      help: "with --machine: what that machine is, if its files do not tell (x86_64)"
    ) {
      $0.setArchitecture()
    },
    .init(.quiet, help: "with -S: print nothing, only exit"),
    .init(.debug),
    .init(.help),
    .init(.version, "v", "version", help: "print the version and exit"),
  ]
}
