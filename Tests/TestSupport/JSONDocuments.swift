internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// Keeps the JSON that tests get for `Tests/check-json.py`, in the directory that the variable
/// KEXEC_JSON_DIRECTORY names.
package enum JSONDocuments {
  private static let directory: FileTree? = unsafe getenv("KEXEC_JSON_DIRECTORY").map {
    FileTree(root: unsafe String(cString: $0))
  }

  // Tests run in parallel, and several get the same document.
  private static let lock = Mutex(())

  /// Keeps `output` if it looks like JSON. The same document is kept only once.
  package static func keep(_ output: String) {
    guard let directory, output.hasPrefix("{\n") else { return }
    // The file name is the FNV-1a hash.
    let name = output.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
    let isKept = lock.withLock { _ in
      directory.replace("/\(String(name, radix: 16)).json", with: output)
    }
    if !isKept { fatalError("\(directory.root) cannot be written") }
  }
}
