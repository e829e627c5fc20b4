internal import LinuxSystem

/// What a load leaves behind for the jump, and the jump for `--report` in the next system.
struct LoadRecords {
  /// The machine's files.
  let files: FileTree

  // /run does not survive a boot.

  /// Which RAM there was at the time of the load.
  static let memoryMap = "/run/kexec-memory-map"
  /// Is there when the loaded kernel was given stamps.
  static let stamps = "/run/kexec-stamps"
  /// Is there when the loaded kernel can return to the running one.
  static let returns = "/run/kexec-returns"
  /// When `kexec -e` began: on disk, since nothing else is left after the jump.
  static let jump = "/var/lib/kexec-jump"

  /// Which RAM there was when the kernel was loaded; nil when that is not known.
  var memoryMapAtLoad: String? { files.text(Self.memoryMap) }

  /// Whether the loaded kernel can return to the running one, as far as is known.
  var loadedKernelReturns: Bool { files.exists(Self.returns) }

  /// The old system's wall clock when `kexec -e` began, in nanoseconds since 1970; nil when that is not known.
  var jumpTime: UInt64? { files.text(Self.jump).flatMap { UInt64($0) } }

  /// Writes down which RAM there is, whether there are stamps, and whether the kernel returns.
  ///
  /// - Returns: whether the memory map, if there is one, is written down.
  func record(memoryMap: String?, isStamped: Bool, returns: Bool) -> Bool {
    forgetLoad()
    if returns { _ = files.replace(Self.returns, with: "") }
    if isStamped { _ = files.replace(Self.stamps, with: "") }
    return memoryMap.map { files.replace(Self.memoryMap, with: $0) } ?? true
  }

  /// Forgets what `record` has written down.
  func forgetLoad() {
    for path in [Self.memoryMap, Self.stamps, Self.returns] { files.remove(path) }
  }

  /// Writes down that the jump begins `now`, if the loaded kernel was given stamps. Only a help: it
  /// may fail.
  func noteJump(at now: UInt64) {
    guard files.exists(Self.stamps) else { return }
    _ = files.replace(Self.jump, with: "\(now)\n")
  }
}
