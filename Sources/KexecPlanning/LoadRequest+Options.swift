internal import KexecABI
internal import ELFFormat
internal import PhysicalMemory
internal import BootProtocols
internal import KernelImages
internal import PurgatoryImage
internal import RunningSystem

// Which options need kexec_load, and which have no effect on a load.

extension LoadRequest {
  /// The given options that only kexec_load can carry out.
  var optionsForSegments: [String] {
    var names: [String] = []
    switch options.digest {
    case .komihash: break
    case .sha256: names.append("--digest")
    case .none: names.append("--no-checks")
    }
    if options.memoryBounds.start.value != 0 { names.append("--mem-min") }
    if options.memoryBounds.end.value != .max { names.append("--mem-max") }
    if !options.handsOverEFI { names.append("--noefi") }
    if options.isStamped { names.append("--stamp") }
    if options.purpose == .crash {
      if options.coreHeaderWidth == .bits32 { names.append("--elf32-core-headers") }
      if options.passesMemoryMap { names.append("--pass-memmap-cmdline") }
    }
    if options.asksForSerial {
      names.append(
        options.greetsOnSerial
          ? "--console-serial" : options.serial == nil ? "--serial-baud" : "--serial")
    }
    if options.writesOnVGA { names.append("--console-vga") }
    if options.resetsVGA { names.append("--reset-vga") }
    if options.reusesVideoType { names.append("--reuse-video-type") }
    return names + [options.entry.option, deviceTreeOption].compactMap { $0 }
  }

  /// The option that gives the device tree, or the section of the unified image; nil without a device tree.
  private var deviceTreeOption: String? {
    if options.entry == .realMode { return nil }
    return deviceTree.map { file in
      if case .section(let kind) = file.origin { kind.rawValue } else { "--dtb" }
    }
  }

  /// Two given options that contradict each other. The parser refuses them too, but requests are also made
  /// elsewhere.
  var contradiction: (String, String)? {
    let returning = "--load-preserve-context"
    if options.entry == .realMode {
      if options.purpose == .crash { return ("--real-mode", "-p") }
      if options.preservesContext { return ("--real-mode", returning) }
      // This is the user's device tree; that of a unified image is added later.
      if deviceTree != nil { return ("--real-mode", "--dtb") }
    }
    guard options.preservesContext else { return nil }
    if options.purpose == .crash { return (returning, "-p") }
    return options.call == .file ? (returning, "-s") : nil
  }

  /// Notes on options for crash kernels that have no effect.
  func notesOnCrashOptions(_ machine: Machine) -> [PlanNote] {
    if options.purpose == .crash {
      return options.followsHotplug && machine.crash?.headerSize == nil ? [.noHotplug] : []
    }
    var names: [String] = []
    switch options.coreHeaderWidth {
    case .bits32: names.append("--elf32-core-headers")
    case .bits64: names.append("--elf64-core-headers")
    case nil: break
    }
    if options.passesMemoryMap { names.append("--pass-memmap-cmdline") }
    if options.followsHotplug { names.append("--hotplug") }
    return names.map(PlanNote.onlyForCrash)
  }

  /// The given options that have no effect on `image`, which is not a bzImage.
  func optionsWithoutEffect(on image: KernelImage, isLinux: Bool) -> [String] {
    let isMultiboot = if case .multiboot = image { true } else { false }
    return [
      options.entry.option, isLinux ? nil : deviceTreeOption,
      !isLinux && options.hasEarlyOutput ? LoadOptions.earlyOutputName : nil,
      isMultiboot ? options.arguments?.option : nil,
    ].compactMap { $0 }
  }

  /// The given option that `call` cannot carry out for a kernel in real mode.
  func optionAgainstRealMode(by call: LoadCall) -> String? {
    if call == .file { return "-s" }
    if options.purpose == .crash { return "-p" }
    if options.preservesContext { return "--load-preserve-context" }
    if options.entry == .protected32 { return options.entry.option }
    // The device tree of a unified image is not an option that the user gave.
    return deviceTree?.origin == .file ? deviceTreeOption : nil
  }

  /// The options that only ask for a flag of kexec_file_load that older kernels do not know.
  package var bestEffortOptions: [String] {
    (options.avoidsContiguousMemory ? ["--no-cma"] : [])
      + (options.forcesDeviceTree ? ["--force-dtb"] : [])
  }

  /// Characters of the parameter that tells a kernel how to return; 0 for a kernel that cannot return.
  var jumpBackWordSize: Int {
    options.preservesContext ? JumpBackWord.size : 0
  }

  /// Whether the kernel goes to a random address. A crash kernel does not: the reserved region shows where it
  /// is, and it serves no users.
  func randomises(_ commandLine: KernelCommandLine) -> Bool {
    options.purpose == .reboot && commandLine.value(of: "nokaslr") == nil
  }

  /// What the next kernel is told about the screen.
  func screen(on machine: Machine) -> BootBlock.Screen {
    if options.resetsVGA { return .text }
    let isLost =
      machine.hasNativeGraphics && !options.reusesVideoType && !options.reusesConsole
    return isLost ? .withoutFramebuffer : .inherited
  }
}
