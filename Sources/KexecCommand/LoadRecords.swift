internal import KexecPlanning
internal import LinuxSystem
internal import RunningSystem

/// The files that a load writes for the jump and for `-S`, and that the jump writes for `--report`
/// in the next system.
struct LoadRecords {
  /// The machine's files.
  let files: FileTree

  /// Where the records of the loaded kernel and of the loaded crash kernel are. Only root can read
  /// them: a command line may contain secrets.
  static let paths: [(purpose: LoadOptions.Purpose, path: String)] = [
    (.reboot, "/run/kexec-loaded"), (.crash, "/run/kexec-crash-loaded"),
  ]

  static func path(of purpose: LoadOptions.Purpose) -> String {
    purpose == .crash ? paths[1].path : paths[0].path
  }

  /// When `kexec -e` began. The file is on disk, because nothing else survives the jump.
  static let jump = "/var/lib/kexec-jump"

  /// What is recorded about a loaded kernel.
  enum Finding {
    case record(LoadRecord)
    /// No record: another program loaded the kernel, or `/run` could not be written.
    case none
    /// A record that this user may not read.
    case unreadable
    /// A record in a version of the format that this program does not know.
    case otherVersion(String)
  }

  /// The record of the kernel that is loaded for `purpose`. A record from an earlier boot is
  /// ignored: `/run` may be on a disk.
  func find(_ purpose: LoadOptions.Purpose) -> Finding {
    let path = Self.path(of: purpose)
    guard let text = files.text(path) else { return files.exists(path) ? .unreadable : .none }
    guard let record = LoadRecord(text) else {
      return .otherVersion(LoadRecord.version(of: text) ?? "?")
    }
    return record.boot == files.bootID ? .record(record) : .none
  }

  /// The record itself, if it is readable.
  func record(of purpose: LoadOptions.Purpose) -> LoadRecord? {
    if case .record(let record) = find(purpose) { record } else { nil }
  }

  /// The old system's wall clock when `kexec -e` began, in nanoseconds since 1970; nil if unknown.
  var jumpTime: UInt64? { files.text(Self.jump).flatMap { UInt64($0) } }

  /// Writes `record`.
  ///
  /// - Returns: whether it was written. If not, an older record has been removed.
  func write(_ record: LoadRecord, for purpose: LoadOptions.Purpose) -> Bool {
    forget(purpose)
    return files.replace(Self.path(of: purpose), with: record.text)
  }

  /// Removes the record of the kernel that was loaded for `purpose`.
  func forget(_ purpose: LoadOptions.Purpose) {
    files.remove(Self.path(of: purpose))
  }

  /// Removes records of kernels that are no longer loaded: another program unloaded them, and a
  /// kernel loaded later must not be taken for them.
  func forgetUnloaded(_ state: KexecState) {
    for (purpose, path) in Self.paths
    where state.isLoaded(for: purpose) == false && files.exists(path) {
      forget(purpose)
    }
  }

  /// Records that the jump begins at `now`, if the loaded kernel got time stamps. Failures are
  /// ignored.
  func noteJump(at now: UInt64) {
    guard record(of: .reboot)?.isStamped == true else { return }
    _ = files.replace(Self.jump, with: "\(now)\n")
  }
}

extension KexecState {
  /// Whether a kernel is loaded for `purpose`; nil if unknown or not supported.
  func isLoaded(for purpose: LoadOptions.Purpose) -> Bool? {
    purpose == .crash ? isCrashLoaded : isLoaded
  }
}

extension FileTree {
  /// The kernel's unique name of this boot.
  var bootID: String? { text("/proc/sys/kernel/random/boot_id") }
}
