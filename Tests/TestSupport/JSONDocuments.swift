internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// What the tests got as JSON, kept for `Tests/check-json.py` when the variable KEXEC_JSON_DIRECTORY
/// says where.
package enum JSONDocuments {
  private static let directory: FileTree? = unsafe getenv("KEXEC_JSON_DIRECTORY").map {
    FileTree(root: unsafe String(cString: $0))
  }

  // Tests run side by side, and some get the same.
  private static let lock = Mutex(())

  /// Keeps `output` if it looks like JSON; the same only once.
  package static func keep(_ output: String) {
    guard let directory, output.hasPrefix("{\n") else { return }
    // FNV-1a names it.
    let name = output.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
    let isKept = lock.withLock { _ in
      directory.replace("/\(String(name, radix: 16)).json", with: output)
    }
    if !isKept { fatalError("\(directory.root) cannot be written") }
  }
}
