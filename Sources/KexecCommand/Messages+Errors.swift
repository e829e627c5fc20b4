internal import KexecABI
internal import ByteCoding
internal import KernelImages
internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory
internal import PurgatoryImage
internal import RunningSystem

// The sentences of errors: what is wrong, where, and what to do.

extension CommandError {
  init(_ error: FileError) {
    let code = ErrorCode.file(error.reason)
    let why =
      switch error.reason {
      // Only standard input is not opened by this program.
      case .errno(.notOpen): "it is closed"
      case .errno(let errno): errno.message
      case .directory: "it is a directory, not a file"
      case .notRegular: "it is not a file, a block device or a pipe"
      case .empty: "the file is empty"
      case .exists: "there is such a file already"
      case .link: "it is a symbolic link, which is not followed"
      case .beingWritten: "another process is writing it"
      case .occupied: "the device has contents"
      case .tooLarge(let limit):
        "it is larger than \(byteText(UInt64(limit))), which is the limit "
          + "(half of the free memory, at most 4 GiB)"
      }
    let advice: String? =
      switch error.reason {
      case .exists: "give another name, or --force to replace it when the new one is complete"
      case .link: "give the name of the file itself"
      case .occupied: "--force overwrites them"
      default: nil
      }
    let isRetained = error.path.hasSuffix("/sys/firmware/initrd")
    self.init(
      code,
      "\(fileName(error.path)): \(why)",
      advice: isRetained
        ? "the running kernel keeps its initrd only with retain_initrd on its command line"
        : error.reason == .errno(.noSuchFile) ? PastedCharacter(in: error.path)?.advice : advice)
  }

  init(
    _ error: PlanningError, request: LoadRequest, machine: Machine, after refusal: KexecCallError?
  ) {
    let code = ErrorCode.planning(error.code)
    switch error {
    case .commandLineTooLong(let length, let limit):
      self.init(
        code,
        "the command line is too long: \(length) bytes, but the new kernel accepts at most \(limit)",
        advice: request.options.call == .file
          ? "kexec_load (-c) accepts 31 bytes more than kexec_file_load"
          : request.options.purpose == .crash
            ? "this includes elfcorehdr=, which a crash kernel needs" : nil)
    case .openQuote:
      self.init(
        code,
        "a quote on the command line is not closed: kexec_jump_back_entry= would become part of it",
        advice: "close the quote")
    case .commandLineHasNUL(let offset):
      self.init(
        code,
        "the command line has a zero byte at offset \(offset): the kernel would end the line there")
    case .noRoom(let space):
      self.init(code, space)
      let bounds = request.options.memoryBounds
      if space.bounds.isEmpty, request.options.hasMemoryBounds {
        let given =
          (bounds.start.value != 0 ? ["--mem-min"] : [])
          + (bounds.end.value != .max ? ["--mem-max"] : [])
        message +=
          ", which \(given.joined(separator: " and ")) \(given.count > 1 ? "exclude" : "excludes")"
        advice = nil
      } else if request.options.purpose == .crash {
        let size = CrashRegionUse.advised(toTake: space, on: machine) >> 20
        advice = "reserve more: boot the running kernel with crashkernel=\(size)M"
      }
    case .littleMemory(let shortage):
      let available = byteText(shortage.available)
      let rest = shortage.needed - min(shortage.needed, shortage.initrds)
      self.init(
        code,
        "not enough memory: the load needs \(byteText(shortage.needed)), but "
          + (shortage.isOfControlGroup
            ? "this process's control group has only \(available) left"
            : "only \(available) are available"),
        advice: shortage.available > rest && shortage.initrds > 0
          ? "free some memory, or use an initrd of at most \(byteText(shortage.available - rest))"
          : "free \(byteText(shortage.needed - shortage.available)) more")
    case .noMemoryMap:
      let map = machine.ioMemory
      let lack =
        map.isHidden
        ? "hides its addresses" : map.isMissing ? "is missing or empty" : "lists no System RAM"
      self.init(
        code, "no memory map: /proc/iomem \(lack), and /sys/firmware/memmap is missing",
        advice: map.isHidden ? "run this as root" : map.isMissing ? mountAdvice : nil)
    case .noCrashRegion where machine.tellsNothingOfReservations:
      self.init(
        code,
        "cannot tell whether memory is reserved for a crash kernel: /proc/iomem and "
          + "/sys/kernel/kexec_crash_size are missing", advice: mountAdvice)
    case .noCrashRegion:
      self = .noCrashRegion(on: machine, advised: CrashRegionUse.advised(for: request))
    case .crashRegionHidden:
      self.init(
        code,
        "/proc/iomem hides the address of the memory that is reserved for a crash kernel",
        advice: "run this as root")
    case .crashRegionDoubtful(let doubt):
      self.init(
        code, "cannot determine the memory that is reserved for a crash kernel: \(doubt.text)",
        advice: doubt.advice)
    case .memoryBeyondELF32(let end):
      self.init(
        code,
        "--elf32-core-headers: memory ends at \(end), but 32-bit headers reach only to 0x100000000",
        advice: "omit the option: every 64-bit kernel reads 64-bit headers")
    case .tooManyRanges(let count):
      self.init(
        code, "there are \(count) ranges of memory, too many for the program headers of elfcorehdr")
    case .fiveLevelPaging:
      self.init(
        code,
        "\(request.kernel.name): the new kernel cannot start from 5-level page tables: "
          + "kexec_file_load would enter it in 64-bit mode and reset the machine",
        advice: machine.wantsSignatures
          ? "boot the running kernel with no5lvl: it requires signatures, which only kexec_file_load checks"
          : "use kexec_load (-c), which can enter it in 32-bit mode")
    case .fiveLevelPagingNoRoom(let space):
      self.init(code, space)
      message += "; with 5-level page tables in use, the kernel must be entered in 32-bit mode"
      advice =
        request.options.purpose == .crash
        ? "reserve the region there (crashkernel=SIZE@ADDRESS), or boot the running kernel with no5lvl"
        : "boot the running kernel with no5lvl"
    case .headerBelieved(let field):
      self.init(
        code,
        "\(request.kernel.name): \(field.place) is \(hexText(field.found)), which is not valid, and "
          + "kexec_file_load would use it",
        advice: machine.wantsSignatures
          ? "the running kernel requires signatures, which only kexec_file_load checks: get the file again"
          : "use kexec_load (-c), which replaces it by \(hexText(field.taken))")
    case .protocolTooOld(let version):
      self.init(
        code,
        "\(request.kernel.name): boot protocol \(version) is too old: "
          + "at least 2.02 is needed")
    case .damagedInitrd(let path, let damage):
      self.init(
        code, "\(quoted(path)): the initrd is damaged: \(damage.text)",
        advice: "create or copy it again, or load it anyway with --force-initrd; "
          + "nothing was loaded or unloaded")
    case .deviceTree(let path, let error): self.init(code, "\(quoted(path)): \(error.text)")
    case .serialPort(let name):
      self = .usage(
        "\(typed("--serial", name)): expected ttyS0 to ttyS3, or a port number such as 0x3f8",
        exitCode: .failure)
      self.code = code
      return
    case .noEarlyPort(let consoles):
      let names = consoles.isEmpty ? "no known console" : consoles.joined(separator: ", ")
      self.init(
        code,
        "--early-output: no PC serial port (ttyS) is in use: the running kernel writes to \(names)",
        advice: "name the port: --serial=ttyS0, or its number, such as --serial=0x3f8")
    case .earlyPortUnknown(let name):
      self.init(
        code,
        "--early-output: cannot tell how to access the registers of \(name), or earlycon= cannot express it",
        advice:
          "run as root to read /sys/class/tty/\(name), or give the parameter yourself: --append=earlycon=..."
      )
    case .realMode(let reason):
      let isAsked = request.options.entry == .realMode
      self.init(
        code,
        "\(isAsked ? "--real-mode" : "\(request.kernel.name): it has only a real-mode entry"): \(reason.text)"
      )
    case .realModeOnly(let option):
      self.init(
        code,
        "\(request.kernel.name): it has only a real-mode entry, which cannot be used with \(option)"
      )
    case .contradiction(let first, let second):
      self.init(code, "\(first) and \(second) cannot be used together")
    case .notByFileCall(let type):
      self.init(
        code,
        "\(request.kernel.name): kexec_file_load cannot load a file of type \(type.rawValue)",
        advice: "omit -s: kexec_load can load it")
    case .initrdForOther:
      self.init(
        code,
        "\(request.kernel.name): only a Linux kernel takes an initrd",
        advice: "a multiboot kernel takes files as --module=\"FILE ARGS\"")
    case .modulesForOther:
      self.init(
        code,
        "\(request.kernel.name): only a multiboot kernel takes modules",
        advice: "a Linux kernel takes an initrd: --initrd=FILE")
    case .crashNeedsLinux:
      self.init(code, "\(request.kernel.name): only a Linux kernel can be a crash kernel")
    case .returnNeedsLinux:
      self.init(code, "\(request.kernel.name): only a Linux kernel can return to the running one")
    case .handoverLost(let states, let loss):
      self.init(code, states, lostBy: loss)
    case .xen(let domain):
      self.init(code, "cannot load a kernel here: \(domain.text)", advice: domain.advice)
    case .xenByMultibootOnEFI:
      self.init(
        code,
        "\(request.kernel.name): Xen cannot be started through multiboot on a machine that was booted by EFI: "
          + "it looks for ACPI and low memory where only a BIOS provides them, and resets the machine",
        advice: "boot Xen from the firmware (xen.efi, or a boot loader's EFI entry)")
    case .vmlinux(let error):
      self.init(code, "\(request.kernel.name): cannot be started: \(error.text)")
    case .invalid(let fault):
      self.init(code, "the plan violates a rule of kexec_load: \(fault.text)")
    }
    if let refusal {
      message += " (before that, \(refusal.call.name) failed: \(refusal.errno.text))"
    }
    // Planning changes nothing, and without a reserved region there cannot be a crash kernel.
    let isAbout = refusal != nil || machine.kexec.isCrashLoaded == true
    if request.options.purpose == .crash, isAbout, error != .noCrashRegion { addFate(of: machine) }
  }

  /// No memory is reserved for a crash kernel on `machine`; `size` bytes would be enough.
  static func noCrashRegion(
    on machine: Machine, advised size: UInt64 = CrashRegionUse.usual
  ) -> CommandError {
    let word = machine.commandLine.value(of: "crashkernel")
    // To reserve memory would not help.
    if machine.kexec.isTold, machine.kexec.isCrashLoaded == nil {
      return CommandError(
        .planning(.noCrashRegion), "no memory is reserved for a crash kernel",
        advice: "\(machine.kexec.missingConfiguration(for: .crash)): boot another one",
        exitCode: .noCrashRegion)
    }
    return CommandError(
      .planning(.noCrashRegion), "no memory is reserved for a crash kernel",
      advice: word.map {
        "crashkernel=\($0) reserved no memory, or the memory was freed: dmesg may tell why"
      }
        ?? "boot the running kernel with crashkernel=\(size >> 20)M (or more) on its command line",
      exitCode: .noCrashRegion)
  }

  /// Adds whether a crash kernel is still loaded. The running kernel drops the old one before it
  /// examines the new one.
  private mutating func addFate(of machine: Machine) {
    guard let isLoaded = machine.kexec.isCrashLoaded else { return }
    message +=
      isLoaded ? "; the previous crash kernel is still loaded" : "; no crash kernel is loaded"
  }

  private init(_ code: ErrorCode, _ space: PlanningError.NoRoom) {
    let hole =
      space.bounds.isEmpty
      ? ""
      : space.largestHole.map {
        ", and the largest free range there has \(byteText($0.byteCount))"
      } ?? ", and no memory there is free"
    let alignment = space.alignment > pageSize ? " aligned to \(byteText(space.alignment))" : ""
    let start = space.bounds.start
    let place =
      switch space.bounds.byteCount {
      case 0: "at \(start) or above"
      case 1: "at \(start)"
      // If no upper bound was given, the range ends with the address space.
      default: space.bounds.end.value < (1 << 63) ? "in \(space.bounds)" : "at \(start) or above"
      }
    self.init(
      code,
      "no free memory for the \(space.role.text): it needs \(byteText(space.byteCount))\(alignment) \(place)\(hole)",
      advice: space.sufficientSize.map { "\(byteText($0)) in one range would be enough" })
  }

  /// The kernel refused a load.
  init(
    _ error: KexecCallError, _ load: RefusedLoad, after refusal: KexecCallError?,
    kernelLog: [String]
  ) {
    let (why, advice) = error.cause(of: load)
    let before = refusal.map { "; before that, \($0.call.name) failed: \($0.errno.text)" } ?? ""
    self.init(
      ErrorCode.call(error.errno),
      "cannot load \(load.request.kernel.name): \(error.call.name): \(error.errno.text(why))\(before)",
      advice: advice)
    self.kernelLog = kernelLog
    if load.plan.purpose == .crash { addFate(of: load.machine) }
  }

  /// The kernel refused to unload an image, by each system call that was tried.
  init(
    unloading purpose: LoadOptions.Purpose, _ errors: [KexecCallError], machine: Machine,
    _ obstacles: CallObstacles
  ) {
    // The errno of the system call that was tried first.
    let code = errors.first.map { ErrorCode.call($0.errno) } ?? .situation(.notSupported)
    let causes = errors.map { $0.causeOfUnload(purpose, machine.kexec, obstacles) }
    let reasons = zip(errors, causes).map { "\($0.call.name): \($0.errno.text($1.why))" }
    // The advice is then to try the other system call.
    let bothAreMissing =
      errors.count > 1 && !obstacles.isFiltered && errors.allSatisfy { $0.errno == .notImplemented }
    self.init(
      code,
      "cannot unload the \(purpose.imageName): \(reasons.joined(separator: "; "))",
      advice: bothAreMissing ? nil : causes.lazy.compactMap { $0.advice }.first)
  }

  /// The kernel refused to run the loaded kernel.
  init(jump errno: Errno, returns: Bool, _ state: KexecState, _ obstacles: CallObstacles) {
    // Without /sys, EINVAL means that nothing is loaded.
    let isMissing = errno == .invalidArgument && state.isLoaded != true
    if isMissing, state.isLoaded == false {
      self.init(
        .nothingLoaded, "cannot run the loaded kernel: nothing is loaded",
        advice: "load a kernel first: kexec -l KERNEL --initrd=INITRD --reuse-cmdline",
        exitCode: .usage)
      return
    }
    let (why, advice) = errno.causeOfNoJump(returns: returns, state, obstacles)
    self.init(
      isMissing ? .situation(.nothingLoaded) : .call(errno),
      "cannot run the loaded kernel: \(errno.text(why))", advice: advice,
      exitCode: isMissing ? .usage : .failure)
  }
}

/// How messages refer to the file at `path`.
private func fileName(_ path: String) -> String {
  path == InputFile.standardInput ? "the standard input" : quoted(path)
}

extension LoadRequest.File {
  /// How messages refer to it.
  fileprivate var name: String {
    switch origin {
    // The path of a generated file is a description.
    case .generated: path
    default: fileName(path)
    }
  }
}

extension Machine {
  /// Whether no file tells if memory is reserved for a crash kernel.
  fileprivate var tellsNothingOfReservations: Bool {
    ioMemory.isMissing && kexec.crashSize == nil && commandLine.value(of: "crashkernel") == nil
  }
}

extension PlanningError.NoRoom {
  /// A size in bytes with which the segment fits wherever the holes are; nil if no computer has as
  /// much.
  fileprivate var sufficientSize: UInt64? {
    let (size, overflow) = byteCount.addingReportingOverflow(alignment)
    return overflow ? nil : size
  }
}

/// What to do where files of /proc and /sys are missing.
let mountAdvice =
  "/proc and /sys must be mounted: mount -t proc proc /proc; mount -t sysfs sysfs /sys"

extension CommandError {
  /// The running kernel, whose state is `state`, does not support loading a kernel for `purpose`.
  init(withoutKexec state: KexecState, for purpose: LoadOptions.Purpose) {
    self.init(
      .notSupported, state.missingConfiguration(for: purpose),
      advice: "boot a kernel that is built with it: grep KEXEC /boot/config-*")
    if state.isLoaded != nil {
      advice = "boot a kernel that is built with it: grep CRASH_DUMP /boot/config-*"
    }
  }
}

extension KexecState {
  /// Which configuration the running kernel lacks if it does not support images for `purpose`.
  func missingConfiguration(for purpose: LoadOptions.Purpose) -> String {
    // Both system calls bring the file in /sys that was found; crash kernels also need
    // CONFIG_CRASH_DUMP.
    purpose == .crash && isLoaded != nil
      ? "the running kernel was built without CONFIG_CRASH_DUMP"
      : "the running kernel was built without kexec (CONFIG_KEXEC or CONFIG_KEXEC_FILE)"
  }

  /// What forbids loading, running or unloading an image for `purpose`, with what to do; nil if
  /// nothing is known to forbid it.
  func obstacle(for purpose: LoadOptions.Purpose) -> String? {
    if isInUserNamespace { return "this is a container: only the host may use kexec" }
    if !mayReboot { return "kexec needs CAP_SYS_BOOT: run it as root" }
    if isLoadDisabled { return "kernel.kexec_load_disabled is 1 until the next reboot" }
    if (purpose == .crash ? crashLoadLimit : loadLimit) == 0 {
      return
        "kernel.kexec_load_limit_\(purpose == .crash ? "panic" : "reboot") allows no more loads"
    }
    if let lockdown {
      return
        "lockdown (\(lockdown)) allows only signed kernels, "
        + "loaded by kexec_file_load (-s)"
    }
    return nil
  }
}

extension Errno {
  /// The C library's text and the name, as in "Operation not permitted (EPERM)".
  var text: String { "\(message) (\(name))" }
}
