internal import LinuxSystem

/// Every option of `kexec`: parsing and `--help` come from this table.
enum Option: CaseIterable {
  case load, loadPanic, exec, unload, status, force, printCrashSize, report
  case loadPreserveContext, loadJumpBackHelper, entry
  case fileSyscall, segmentsSyscall, automaticSyscall, noChecks, digest, noFast, seed
  case memMin, memMax
  case entry32Bit, realMode, type
  case argsLinux, argsELF, argsNone, module
  case noCMA, forceDTB
  case initrd, reuseInitrd, deviceTree, commandLine, append
  case reuseCommandLine, reuseConsole, preserve, noEFI, stamp
  case elf32CoreHeaders, elf64CoreHeaders, passMemmap, hotplug
  case consoleSerial, serial, serialBaud, consoleVGA, resetVGA, reuseVideoType
  case forceSync, noSync, noIfdown
  case dryRun, json, machine, quiet, debug, help, version
}

/// How an option is written, and what it is for.
struct OptionDescription {
  /// Where `--help` lists it.
  enum Section: String, CaseIterable {
    case actions = "What to do (one of these; KERNEL alone loads it and reboots into it)"
    case loading = "How to load"
    case content = "What to load"
    case crash = "What a panic kernel learns (with -p)"
    case console = "What the code between the kernels says"
    case running = "How to run it"
    case output = "What to print"
  }

  let option: Option
  let section: Section
  let short: Character?
  /// The long names; the first is the one to use.
  let long: [String]
  /// What stands for the value in `--help`; nil when there is none.
  let value: String?
  let help: String

  init(
    _ option: Option, _ section: Section, _ short: Character?, _ long: String...,
    value: String? = nil,
    help: String
  ) {
    self.option = option
    self.section = section
    self.short = short
    self.long = long
    self.value = value
    self.help = help
  }
}

extension OptionDescription {
  static let all: [OptionDescription] = [
    .init(.load, .actions, "l", "load", help: "load KERNEL, to be run by -e or a reboot"),
    .init(.loadPanic, .actions, "p", "load-panic", help: "load KERNEL, to be run on a panic"),
    .init(.exec, .actions, "e", "exec", help: "run the loaded kernel"),
    .init(
      .unload, .actions, "u", "unload", help: "free the loaded kernel; with -p the panic kernel"),
    .init(
      .force, .actions, "f", "force", help: "load KERNEL and run it at once, without a shutdown"),
    .init(
      .status, .actions, "S", "status",
      help: "say what is loaded; exit 1 if the panic kernel (with -l: the kernel) is, else 0"),
    .init(
      .loadPreserveContext, .actions, nil, "load-preserve-context",
      help: "load KERNEL so that it can return to this one, which then goes on"),
    .init(
      .loadJumpBackHelper, .actions, nil, "load-jump-back-helper",
      help: "load what returns to the kernel that -e left for this one"),

    .init(
      .printCrashSize, .actions, nil, "print-ckr-size",
      help: "print how many bytes are reserved for a panic kernel"),
    .init(
      .report, .actions, nil, "report",
      help: "say how long the jump into this system took, if it was loaded with --stamp"),

    .init(
      .fileSyscall, .loading, "s", "kexec-file-syscall",
      help: "use kexec_file_load only (with -e, -s means --force-sync)"),
    .init(.segmentsSyscall, .loading, "c", "kexec-syscall", help: "use kexec_load only"),
    .init(
      .automaticSyscall, .loading, "a", "kexec-syscall-auto",
      help: "the call that jumps faster, or checks signatures where they are wanted (default)"),
    .init(.noChecks, .loading, "i", "no-checks", help: "do not check the pieces before the jump"),
    .init(
      .digest, .loading, nil, "digest", value: "NAME",
      help: "check the pieces by komihash (64 bits, quick; default) or sha256"),
    .init(
      .noFast, .loading, nil, "no-fast",
      help: "do not unpack kernel and initrd now: let the next kernel do it"),
    .init(
      .seed, .loading, nil, "seed", value: "N",
      help: "draw the random addresses from this number, so that each load has the same"),
    .init(
      .memMin, .loading, nil, "mem-min", value: "ADDR", help: "put no piece below this address"),
    .init(
      .memMax, .loading, nil, "mem-max", value: "ADDR", help: "put no piece above this address"),
    .init(
      .entry32Bit, .loading, nil, "entry-32bit",
      help: "enter the kernel in 32-bit mode, as kernels without a 64-bit entry always are"),
    .init(
      .realMode, .loading, nil, "real-mode",
      help: "enter the kernel in real mode, where it asks the BIOS what the machine is"),
    .init(
      .entry, .loading, nil, "entry", value: "ADDR",
      help: "where --load-jump-back-helper returns to (default: kexec_jump_back_entry= on this"
        + " kernel's command line)"),
    .init(
      .type, .loading, "t", "type", value: "TYPE",
      help: "the kernel file is of this type: \(imageTypeNames)"),

    .init(
      .noCMA, .loading, nil, "no-cma",
      help: "kexec_file_load: put nothing into contiguous memory (CMA), from Linux 6.17 on"),
    .init(
      .forceDTB, .loading, nil, "force-dtb",
      help: "kexec_file_load: hand the running kernel's device tree on, from Linux 6.18 on"),

    .init(
      .initrd, .content, nil, "initrd", "ramdisk", value: "FILE",
      help: "the initrd; may be given several times"),
    .init(
      .reuseInitrd, .content, nil, "reuseinitrd",
      help: "the running kernel's initrd, if it was booted with retain_initrd"),
    .init(
      .deviceTree, .content, nil, "dtb", value: "FILE", help: "a flattened device tree"),
    .init(
      .commandLine, .content, nil, "command-line", value: "TEXT", help: "the kernel's command line"),
    .init(
      .append, .content, nil, "append", value: "TEXT", help: "words to add to the command line"),
    .init(
      .reuseCommandLine, .content, nil, "reuse-cmdline",
      help: "start from the running kernel's command line"),
    .init(
      .reuseConsole, .content, nil, "reuse-console",
      help: "let the kernel write where the running one does"),
    .init(
      .preserve, .content, nil, "preserve", value: "modules",
      help: "let the next system load the modules of this one, with their parameters"),
    .init(
      .stamp, .content, nil, "stamp",
      help: "add a word to the command line that lets --report in the next system tell times"),
    .init(.noEFI, .content, nil, "noefi", help: "do not hand EFI over to the kernel"),
    .init(
      .argsLinux, .content, nil, "args-linux",
      help: "an ELF kernel takes arguments like Linux (default for a vmlinux)"),
    .init(.argsELF, .content, nil, "args-elf", help: "an ELF kernel takes them as ELF boot notes"),
    .init(.argsNone, .content, nil, "args-none", help: "an ELF kernel takes no arguments"),
    .init(
      .module, .content, nil, "module", value: "FILE [ARG]...",
      help: "a module for a multiboot kernel; may be given several times"),

    .init(
      .elf64CoreHeaders, .crash, nil, "elf64-core-headers",
      help: "headers of 64 bits for the dump (default)"),
    .init(
      .elf32CoreHeaders, .crash, nil, "elf32-core-headers",
      help: "headers of 32 bits, where all memory is below 4 GiB"),
    .init(
      .passMemmap, .crash, nil, "pass-memmap-cmdline",
      help: "tell the memory map by memmap= words on the command line"),
    .init(
      .hotplug, .crash, nil, "hotplug",
      help: "let the running kernel update the headers when processors or memory come and go"),

    .init(
      .consoleSerial, .console, nil, "console-serial",
      help: "write on the serial port, not only errors"),
    .init(
      .serial, .console, nil, "serial", value: "PORT",
      help: "the serial port: ttyS0 to ttyS3 or a port number (default: ttyS0)"),
    .init(
      .serialBaud, .console, nil, "serial-baud", value: "N",
      help: "its rate; 0 leaves it as it is (default)"),
    .init(.consoleVGA, .console, nil, "console-vga", help: "write on the VGA text screen as well"),
    .init(
      .resetVGA, .console, nil, "reset-vga", help: "put the VGA into text mode before the jump"),
    .init(
      .reuseVideoType, .console, nil, "reuse-video-type",
      help: "tell the kernel of firmware's picture though a graphics driver may have changed it"),

    .init(
      .forceSync, .running, nil, "force-sync",
      help: "write every file system for certain, or do not jump"),
    .init(.noSync, .running, "y", "no-sync", help: "do not write file systems before the jump"),
    .init(
      .noIfdown, .running, "x", "no-ifdown", help: "leave network interfaces up before the jump"),

    .init(.dryRun, .output, nil, "dry-run", help: "plan everything, print it, and touch nothing"),
    .init(.json, .output, nil, "json", help: "print as JSON (with --dry-run and -S)"),
    .init(
      .machine, .output, nil, "machine", value: "DIR",
      help: "with --dry-run: plan for the machine whose /proc and /sys are in DIR"),
    .init(.quiet, .output, "q", "quiet", help: "with -S: print nothing, only exit"),
    .init(
      .debug, .output, "d", "debug",
      help: "say on the error stream what is read, decided and called"),
    .init(.help, .output, "h", "help", help: "print this and exit"),
    .init(.version, .output, "v", "version", help: "print the version and exit"),
  ]

  /// The table in the form that the parser takes, each long name with what it stands for.
  static let shapes: [(shape: OptionShape, option: Option)] = all.flatMap { description in
    description.long.enumerated().map { index, name in
      (
        OptionShape(
          long: name, short: index == 0 ? description.short : nil,
          takesValue: description.value != nil), description.option
      )
    }
  }
}

/// The text of `--help`.
func helpText() -> String {
  var text = """
    Usage: kexec [OPTION]... [KERNEL]
    Boots into another Linux kernel without going through firmware.

    """
  for section in OptionDescription.Section.allCases {
    text += "\n\(section.rawValue):\n"
    for description in OptionDescription.all where description.section == section {
      let short = description.short.map { "-\($0), " } ?? "    "
      let value = description.value.map { "=\($0)" } ?? ""
      let names = description.long.map { "--\($0)\(value)" }.joined(separator: ", ")
      let left = "  \(short)\(names)"
      var lines = wrapped(description.help, width: 70)
      // Names that reach into the help's column get a line of their own.
      if left.count >= 30 { lines.insert("", at: 0) }
      for (index, line) in lines.enumerated() {
        let start = index == 0 ? left : ""
        let padding = line.isEmpty ? 0 : 30 - start.count
        text += start + String(repeating: " ", count: padding) + line + "\n"
      }
    }
  }
  return text
}

/// The words of `text` in lines of at most `width` characters.
private func wrapped(_ text: String, width: Int) -> [String] {
  var lines: [String] = []
  for word in text.split(separator: " ") {
    if let last = lines.last, last.count + 1 + word.count <= width {
      lines[lines.count - 1] += " " + word
    } else {
      lines.append(String(word))
    }
  }
  return lines
}
