internal import KexecPlanning
internal import LinuxSystem
internal import RunningSystem

/// What loads leave behind for the jump and for `-S`, and the jump for `--report` in the next system.
struct LoadRecords {
  /// The machine's files.
  let files: FileTree

  /// Where the record of the loaded kernel is, and of the loaded crash kernel. They are for root only: a
  /// command line may have secrets.
  static let paths: [(purpose: LoadOptions.Purpose, path: String)] = [
    (.reboot, "/run/kexec-loaded"), (.crash, "/run/kexec-crash-loaded"),
  ]

  static func path(of purpose: LoadOptions.Purpose) -> String {
    purpose == .crash ? paths[1].path : paths[0].path
  }

  /// When `kexec -e` began: on disk, since nothing else is left after the jump.
  static let jump = "/var/lib/kexec-jump"

  /// What a record says of a loaded kernel.
  enum Finding {
    case record(LoadRecord)
    /// There is none: another program has loaded it, or `/run` could not be written.
    case none
    /// There is one, and this user may not read it.
    case unreadable
    /// There is one in a format that this program does not know.
    case otherVersion(String)
  }

  /// What is written down of the kernel that is loaded for `purpose`. What was written down in an earlier
  /// boot says nothing: `/run` may be on a disk.
  func find(_ purpose: LoadOptions.Purpose) -> Finding {
    let path = Self.path(of: purpose)
    guard let text = files.text(path) else { return files.exists(path) ? .unreadable : .none }
    guard let record = LoadRecord(text) else {
      return .otherVersion(LoadRecord.version(of: text) ?? "?")
    }
    return record.boot == files.bootID ? .record(record) : .none
  }

  /// The record itself, if there is one.
  func record(of purpose: LoadOptions.Purpose) -> LoadRecord? {
    if case .record(let record) = find(purpose) { record } else { nil }
  }

  /// The old system's wall clock when `kexec -e` began, in nanoseconds since 1970; nil when that is not known.
  var jumpTime: UInt64? { files.text(Self.jump).flatMap { UInt64($0) } }

  /// Writes down `record`.
  ///
  /// - Returns: whether that worked. Where it did not, nothing is left of an older one.
  func write(_ record: LoadRecord, for purpose: LoadOptions.Purpose) -> Bool {
    forget(purpose)
    return files.replace(Self.path(of: purpose), with: record.text)
  }

  /// Forgets what is written down of the kernel that was loaded for `purpose`.
  func forget(_ purpose: LoadOptions.Purpose) {
    files.remove(Self.path(of: purpose))
  }

  /// Forgets what is written down of kernels that are no longer loaded: another program has unloaded
  /// them, and what comes after them is not theirs.
  func forgetUnloaded(_ state: KexecState) {
    for (purpose, path) in Self.paths
    where state.isLoaded(for: purpose) == false && files.exists(path) {
      forget(purpose)
    }
  }

  /// Writes down that the jump begins `now`, if the loaded kernel was given stamps. Only a help: it
  /// may fail.
  func noteJump(at now: UInt64) {
    guard record(of: .reboot)?.isStamped == true else { return }
    _ = files.replace(Self.jump, with: "\(now)\n")
  }
}

extension KexecState {
  /// Whether a kernel is loaded for `purpose`; nil when the running one cannot.
  func isLoaded(for purpose: LoadOptions.Purpose) -> Bool? {
    purpose == .crash ? isCrashLoaded : isLoaded
  }
}

extension FileTree {
  /// What names this boot, as no other.
  var bootID: String? { text("/proc/sys/kernel/random/boot_id") }
}
