internal import ByteCoding
internal import KernelImages
internal import KexecABI
internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory
internal import RunningSystem

// The cause of an error of the system calls that load, unload and run a kernel, as far as a file or
// a number shows it, and what to do. docs/system-calls.md has the table; CallErrorTests has a test
// for each row.

/// What is examined after a load was refused, to find the cause. A class: as a struct, the code
/// that copies and destroys it would take 20 kB.
final class RefusedLoad {
  let plan: LoadPlan
  let request: LoadRequest
  let machine: Machine
  let obstacles: CallObstacles
  /// The path of a file that became shorter after it was opened.
  var cutShort: String?
  /// A file that is open for writing, and the process that has it open.
  var writer: (path: String, process: String)?

  init(_ plan: LoadPlan, on machine: Machine, _ obstacles: CallObstacles) {
    self.plan = plan
    request = plan.request
    self.machine = machine
    self.obstacles = obstacles
  }
}

/// Why a system call was refused, and what to do.
typealias CallCause = (why: String, advice: String?)

extension Errno {
  /// The error and its cause. `why` is empty if the advice says everything.
  func text(_ why: String) -> String { why.isEmpty ? text : "\(text): \(why)" }
}

extension KexecCallError {
  /// Why the kernel refused a load, and what to do.
  func cause(of load: RefusedLoad) -> CallCause {
    switch errno {
    case .notPermitted, .accessDenied: forbidden(load)
    case .keyRejected, .noKey, .noPackage, .badMessage, .badLibrary, .noData, .messageSize:
      (errno.signatureFault, signatureAdvice + load.partNote)
    case .notImplemented: missing(load.obstacles)
    case .outOfMemory: load.memoryCause
    case .busy:
      ("another load or unload, or a change of the reserved size, is in progress", "try again")
    case .invalidArgument: invalid(load)
    case .addressNotAvailable: call == .file ? load.holeCause : load.addressCause
    case .badAddress: load.unreadableCause
    case .inputOutput:
      (
        "a file cannot be read from its disk",
        "dmesg has the disk's error; copy the files elsewhere"
      )
    case .textFileBusy: load.writerCause
    case .fileTooBig:
      (
        "the running kernel's loader does not accept a file of \(byteText(load.largestFile))",
        "omit -s: kexec_load can load it"
      )
    case .notExecutable:
      (
        "the running kernel's loader does not support this type of image"
          + " (\(load.plan.imageDescription))", "omit -s: kexec_load may load it"
      )
    case .notSupported:
      (
        "the running kernel's loader does not support this machine",
        "omit -s: kexec_load may work"
      )
    case .notOpen: ("the running kernel cannot read the file that it was given", nil)
    case .interrupted: ("a signal arrived while the files were read", "try again")
    default: ("kernels are not known to give this error; dmesg may tell more", nil)
    }
  }

  /// EPERM and EACCES.
  private func forbidden(_ load: RefusedLoad) -> CallCause {
    let (state, obstacles) = (load.machine.kexec, load.obstacles)
    if let obstacle = state.obstacle(for: load.plan.purpose) {
      guard call == .file, let level = state.lockdown else { return ("", obstacle) }
      // This call is the right one, so it is the signature.
      return (
        "lockdown (\(level)) allows only signed kernels, and this one has no valid signature",
        signatureAdvice + load.partNote
      )
    }
    if obstacles.appraisesKernels {
      return call == .file
        ? (
          "IMA's policy requires kernels to be appraised, and this file fails the appraisal",
          "sign the file (evmctl ima_sign) with a key that IMA trusts"
        )
        : (
          "IMA's policy requires kernels to be appraised, which it cannot do with kexec_load",
          "use kexec_file_load (-s) for a file with an IMA signature"
        )
    }
    if errno == .accessDenied, obstacles.enforcesSELinux {
      return ("SELinux forbids it", "ausearch -m avc shows the rule")
    }
    return obstacles.filterCause
      ?? (
        obstacles.securityModules.map { "a security module forbids it: one of \($0)" }
          ?? "a security policy forbids it",
        "the log (dmesg, journalctl) may name the policy (of a security module, IMA)"
      )
  }

  /// ENOSYS.
  func missing(_ obstacles: CallObstacles) -> CallCause {
    let option = call == .file ? "CONFIG_KEXEC_FILE" : "CONFIG_KEXEC"
    let other = call == .file ? "kexec_load (-c)" : "kexec_file_load (-s)"
    let configuration = obstacles.configuration
    switch configuration.isSet(option) {
    case false?:
      return (
        "the running kernel was built without \(option) (\(configuration.path ?? ""))",
        "try \(other)"
      )
    case true?:
      return obstacles.filterCause
        ?? ("the running kernel was built with this system call, but it is not available here", nil)
    case nil:
      return obstacles.isFiltered
        ? (
          "the running kernel lacks this system call (\(option)), or a seccomp filter hides it",
          "run kexec outside of the container or the service"
        ) : ("the running kernel was built without \(option)", "try \(other)")
    }
  }

  /// EINVAL.
  private func invalid(_ load: RefusedLoad) -> CallCause {
    let configuration = load.obstacles.configuration
    if load.plan.purpose == .crash, configuration.isSet("CONFIG_CRASH_DUMP") == false {
      return (
        "the running kernel was built without CONFIG_CRASH_DUMP (\(configuration.path ?? ""))",
        nil
      )
    }
    guard case .segments(let segments) = load.plan.action else {
      return (
        "the running kernel's loader does not accept this file, this command line or "
          + "the flags \(load.plan.flagText)", "omit -s: kexec_load may load it"
      )
    }
    if load.plan.preservesContext, let cause = load.obstacles.jumpCause { return cause }
    let size = segments.segments.reduce(0) { $0 + $1.destination.byteCount }
    if let ram = load.machine.totalMemory, size > ram / 2 {
      return (
        "the segments take \(byteText(size)), but the running kernel accepts at most half of its memory, "
          + "\(byteText(ram / 2))", "use a smaller initrd"
      )
    }
    return (
      "the running kernel does not accept these \(segments.segments.count) segments or the "
        + "flags \(load.plan.flagText)",
      load.request.options.followsHotplug ? "omit --hotplug" : nil
    )
  }
}

extension CallObstacles {
  /// The cause and advice if a seccomp filter may be the reason; otherwise nil.
  fileprivate var filterCause: CallCause? {
    isFiltered
      ? (
        "a seccomp filter restricts the system calls of this process, and nothing else was found to "
          + "forbid it",
        "run kexec outside of the container, or of the service (SystemCallFilter=)"
      ) : nil
  }

  /// Why a kernel cannot return to the running one; nil if the running kernel supports it.
  fileprivate var jumpCause: CallCause? {
    let why = "so no kernel can return to it"
    switch configuration.isSet("CONFIG_KEXEC_JUMP") {
    case true?: return nil
    case false?:
      return (
        "the running kernel was built without CONFIG_KEXEC_JUMP (\(configuration.path ?? "")), "
          + why, nil
      )
    case nil where canHibernate == false:
      return (
        "the running kernel cannot hibernate (there is no /sys/power/disk), so it was built without "
          + "CONFIG_KEXEC_JUMP, " + why, nil
      )
    case nil:
      return (
        "the running kernel may lack CONFIG_KEXEC_JUMP: no file tells how it was "
          + "built", "look for CONFIG_KEXEC_JUMP in the running kernel's configuration"
      )
    }
  }
}

extension RefusedLoad {
  /// A note for unified images: the running kernel sees only the parts, never the image.
  fileprivate var partNote: String {
    request.unifiedImage == nil ? "" : "; in a unified image, .linux needs its own signature"
  }

  fileprivate var largestFile: UInt64 {
    ([request.kernel] + request.initrds).map { UInt64($0.bytes.count) }.max() ?? 0
  }

  /// How many bytes the segments take; for kexec_file_load the files, and what is unpacked from
  /// them.
  private var byteCount: UInt64 {
    switch plan.action {
    case .segments(let load): load.segments.reduce(0) { $0 + $1.destination.byteCount }
    case .file(let load):
      ([request.kernel] + request.initrds).reduce(load.kernelSize) { $0 + UInt64($1.bytes.count) }
    }
  }

  /// Start and size of the current main region for crash kernels; nil if unknown.
  private var regionText: String? {
    machine.ioMemory.isHidden
      ? machine.kexec.crashSize.map(byteText)
      : machine.ioMemory.crashRegions.last.map { "\(byteText($0.byteCount)) at \($0)" }
  }

  /// Advice on how much to reserve: what the plan takes plus what the crash kernel needs to run,
  /// and more than is reserved now.
  private var reservation: String {
    guard let use = plan.crashRegionUse else {
      return "reserve more: crashkernel= on the running kernel's command line"
    }
    let size = max(use.advised, use.more) >> 20
    return "reserve more: boot the running kernel with crashkernel=\(size)M"
  }

  /// ENOMEM.
  fileprivate var memoryCause: CallCause {
    let needed = byteText(byteCount)
    if plan.purpose == .crash, (machine.availableMemory ?? .max) > byteCount {
      return (
        "\(needed) of the reserved region (\(regionText ?? "of unknown size")) are needed, in addition "
          + "to some for the running kernel's own pages",
        reservation
      )
    }
    guard let available = machine.availableMemory else {
      return ("\(needed) of free memory are needed", "free some memory")
    }
    return byteCount > available
      ? (
        "\(needed) of free memory are needed, but only \(byteText(available)) are available",
        "free some memory"
      )
      : (
        "\(needed) of free memory are needed, and the running kernel could not use enough of "
          + "the \(byteText(available)) that are available",
        "free more memory; dmesg may tell what was needed"
      )
  }

  /// How many bytes of memory the next kernel and its initrds need at start.
  private var handoverByteCount: UInt64 {
    let kernelSize = if case .file(let load) = plan.action { load.kernelSize } else { UInt64(0) }
    return request.initrds.reduce(kernelSize) { $0 + UInt64($1.bytes.count) }
  }

  /// EADDRNOTAVAIL of kexec_file_load.
  fileprivate var holeCause: CallCause {
    if plan.purpose == .crash {
      return regionText.map {
        (
          "there is no range of \(byteText(byteCount)) in the reserved region, \($0)",
          "the reserved region is too small: \(reservation)"
        )
      } ?? (
        "the reserved memory is gone",
        "boot the running kernel with crashkernel=\(CrashRegionUse.advised(for: request) >> 20)M (or more) on "
          + "its command line"
      )
    }
    // With KHO, the running kernel places the next one in its scratch areas only.
    if let handover = machine.handover {
      let sizes = handover.scratchSizes.filter { $0 > 0 }
      let areas =
        sizes.isEmpty
        ? "are of unknown size (mount debugfs to see kho/out/scratch_len)"
        : "have \(sizes.map(byteText).joined(separator: ", "))"
      return (
        "the scratch areas of kexec handover are too small: the next kernel needs "
          + "\(byteText(handoverByteCount)), and they \(areas)",
        "boot the running kernel with larger ones (kho_scratch=, kho_bootmem= from 7.4 on), or use a "
          + "smaller initrd"
      )
    }
    guard case .file(let load) = plan.action, !machine.ioMemory.isHidden else {
      return ("the running kernel finds no memory range for it", nil)
    }
    var largest: UInt64 = 0
    for range in machine.ioMemory.memoryMap.ranges(of: .ram).ranges {
      largest = max(largest, range.byteCount)
    }
    let initrds = request.initrds.reduce(0) { $0 + UInt64($1.bytes.count) }
    let smaller = "use a smaller initrd"
    for (name, size, advice) in [
      (
        "kernel", load.kernelSize, "kexec_load (-c) may need less for a kernel that is unpacked now"
      ),
      ("initrd", initrds, smaller),
    ] where size > largest {
      return (
        "no free range is large enough: the \(name) needs \(byteText(size)), and the largest "
          + "range of RAM has \(byteText(largest))", advice
      )
    }
    return (
      "no free range is large enough: the kernel needs \(byteText(load.kernelSize)), the "
        + "initrd \(byteText(initrds)), and the largest range of RAM has \(byteText(largest))",
      smaller
    )
  }

  /// EADDRNOTAVAIL of kexec_load.
  fileprivate var addressCause: CallCause {
    guard case .segments(let load) = plan.action else { return ("an address is not valid", nil) }
    let end = load.segments.map { $0.destination.end }.max() ?? PhysicalAddress(0)
    if plan.purpose == .crash {
      let place = load.segments.first.map { "\($0.destination.start)-\(end)" } ?? ""
      return (
        regionText.map {
          "the segments (\(place)) are not all inside the reserved region, which is now \($0)"
        } ?? "the reserved region is gone", "load again: the region has changed in the meantime"
      )
    }
    let reach: UInt64 = machine.usesFiveLevelPaging ? 1 << 52 : 1 << 46
    return end.value > reach
      ? (
        "a segment ends at \(end), but the running kernel can address memory only up to \(PhysicalAddress(reach))",
        "give a lower --mem-max"
      )
      : ("the running kernel does not accept an address of the segments, which end at \(end)", nil)
  }

  /// EFAULT.
  fileprivate var unreadableCause: CallCause {
    if let cutShort {
      return (
        "\(quoted(cutShort)): the file got shorter while it was loaded",
        "load again when the file is complete"
      )
    }
    return (
      "the running kernel could not read the bytes that it was given: a page of a file cannot be read "
        + "from its disk", "dmesg has the disk's error; copy the files elsewhere"
    )
  }

  /// ETXTBSY.
  fileprivate var writerCause: CallCause {
    writer.map {
      (
        "\(quoted($0.path)) is open for writing, by process \($0.process)",
        "stop that process, or wait until it is done"
      )
    } ?? ("a file is open for writing", "close it first")
  }
}

extension LoadPlan {
  /// The names of the flags of the system call.
  fileprivate var flagText: String {
    switch action {
    case .segments(let load): call.flagNames(load.flags).joined(separator: " ")
    case .file(let load):
      load.flags == 0 ? "0" : call.flagNames(load.flags).joined(separator: " ")
    }
  }
}

private let signatureAdvice =
  "sign the image (sbsign) with a key that the running kernel trusts: /proc/keys lists its keyrings "
  + ".builtin_trusted_keys, .secondary_trusted_keys and .platform"

extension Errno {
  /// What is wrong with the image's signature, if the kernel refused it with this error.
  fileprivate var signatureFault: String {
    switch self {
    case .noData: "the image has no signature"
    case .noKey: "the image is signed by a key that the running kernel does not have"
    case .keyRejected: "the signature does not match the image, or its key is revoked"
    case .noPackage: "the running kernel does not support the algorithm of the signature"
    case .badLibrary: "the image does not have the format of a signed kernel"
    case .messageSize: "the signature is longer than its space in the image"
    default: "the signature is not well-formed"
    }
  }
}

// MARK: Unloading and running

extension KexecCallError {
  /// Why the kernel refused to unload, in parentheses after the error, and what to do.
  func causeOfUnload(
    _ purpose: LoadOptions.Purpose, _ state: KexecState, _ obstacles: CallObstacles
  )
    -> CallCause
  {
    switch errno {
    case .notPermitted, .accessDenied:
      if state.lockdown != nil, call == .segments {
        return ("forbidden by lockdown", "use kexec_file_load (-s), which may unload")
      }
      if let obstacle = state.obstacle(for: purpose) { return ("", obstacle) }
      return obstacles.filterCause
        ?? (
          "a security policy forbids it", "the log (dmesg, journalctl) may name the policy"
        )
    case .busy:
      return ("a load, or a change of the reserved size, is in progress", "try again")
    case .notImplemented: return missing(obstacles)
    case .invalidArgument where purpose == .crash:
      return ("the running kernel does not support crash kernels (CONFIG_CRASH_DUMP)", nil)
    default: return ("kernels are not known to give this error", nil)
    }
  }
}

extension Errno {
  /// Why reboot(2) did not run the loaded kernel, and what to do. `returns`: the kernel was loaded
  /// to return; for that the running kernel must put processes and devices to sleep.
  func causeOfNoJump(
    returns: Bool, _ state: KexecState, _ obstacles: CallObstacles
  ) -> CallCause {
    switch self {
    case .invalidArgument where state.isLoaded == nil:
      state.isTold
        ? ("the running kernel was built without kexec (CONFIG_KEXEC, CONFIG_KEXEC_FILE)", nil)
        : (
          "nothing is loaded, or the running kernel has no kexec",
          "mount sysfs on /sys to see which"
        )
    case .invalidArgument:
      (
        "a kernel is loaded, but only processes of the initial PID namespace may run it",
        "run it on the host, not in a container"
      )
    case .notPermitted:
      state.mayReboot && !state.isInUserNamespace
        ? obstacles.filterCause ?? ("a security policy forbids it", "dmesg may name the policy")
        : ("", state.obstacle(for: .reboot))
    case .busy where returns:
      (
        "a process or a device cannot be put to sleep, which is needed for a kernel that returns",
        "dmesg names it"
      )
    case .busy: ("a load is in progress", "try again when it is done")
    case .outOfMemory:
      ("there is not enough memory to put the running system to sleep", "free some memory")
    case _ where returns: ("a device cannot be put to sleep", "dmesg names it")
    default: ("kernels are not known to give this error", nil)
    }
  }
}
