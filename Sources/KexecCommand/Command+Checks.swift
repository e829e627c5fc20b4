internal import KexecPlanning
internal import LinuxSystem
internal import PhysicalMemory
internal import RunningSystem

extension Command {
  /// Refuses early what the kernel would refuse with a bare EPERM, so that the reason is said.
  func checkPermission(
    on machine: Machine, purpose: LoadRequest.Purpose, forLoad: Bool = true
  ) throws(CommandError) {
    let state = machine.kexec
    if !state.mayReboot || state.isInUserNamespace {
      throw CommandError("not permitted", advice: state.obstacle(for: purpose))
    }
    guard forLoad else { return }
    if state.isLoadDisabled {
      throw CommandError(
        "loading and unloading are switched off", advice: state.obstacle(for: purpose))
    }
    let limit = purpose == .crash ? state.crashLoadLimit : state.loadLimit
    if limit == 0 {
      throw CommandError("no more loads are allowed", advice: state.obstacle(for: purpose))
    }
    let isSupported = purpose == .crash ? state.isCrashLoaded : state.isLoaded
    // Without /sys nothing is known: the call itself will say so.
    if isSupported == nil, FileTree.running.exists("/sys/kernel") {
      throw CommandError("the running kernel was built without kexec for a \(purpose.imageName)")
    }
  }

  /// Where the memory map at the time of the load is kept; /run does not survive a boot.
  private static let mapFile = "/run/kexec-memory-map"

  /// What is there when the loaded kernel can return to the running one.
  private static let returnFile = "/run/kexec-returns"

  /// Whether the loaded kernel can return to the running one, as far as `recordLoad` knows.
  var loadedKernelReturns: Bool { FileTree.running.exists(Self.returnFile) }

  /// Remembers which RAM there is, for `checkMemoryMap`, whether there are stamps, and whether the
  /// kernel returns. Only a help: it may fail.
  func recordLoad(on machine: Machine, request: LoadRequest) {
    guard request.purpose == .reboot else { return }
    forgetLoad()
    if request.preservesContext { _ = FileTree.running.replace(Self.returnFile, with: "") }
    if invocation.isStamped { _ = FileTree.running.replace(Self.stampFile, with: "") }
    guard !machine.ioMemory.isHidden else { return }
    let isWritten = FileTree.running.replace(Self.mapFile, with: machine.ioMemory.ramText)
    if !isWritten { debug("\(Self.mapFile) cannot be written: no check of the map before -e") }
  }

  /// Forgets what `recordLoad` has remembered.
  func forgetLoad() {
    FileTree.running.remove(Self.mapFile)
    FileTree.running.remove(Self.stampFile)
    FileTree.running.remove(Self.returnFile)
  }

  /// Refuses to run an image that was made for other memory than there is now.
  func checkMemoryMap(of machine: Machine) throws(CommandError) {
    guard !machine.ioMemory.isHidden, let then = FileTree.running.text(Self.mapFile),
      then != machine.ioMemory.ramText
    else { return }
    throw CommandError(
      "the memory map has changed since the kernel was loaded: \(then) then, "
        + "\(machine.ioMemory.ramText) now",
      advice: "load the kernel again, or run it all the same with -e -f")
  }
}

extension IOMemory {
  /// Where RAM is, in one line.
  fileprivate var ramText: String {
    memoryMap.ranges(of: .ram).ranges.map(\.description).joined(separator: " ")
  }
}
