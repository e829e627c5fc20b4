internal import Glibc
package import LinuxSystem

/// The directory Tests/Fixtures of this checkout.
package enum Fixtures {
  /// Its path.
  package static let path: String = {
    let directories = #filePath.split(separator: "/").dropLast(2)
    return "/" + directories.joined(separator: "/") + "/Fixtures"
  }()

  /// Its files.
  package static let files = FileTree(root: path)

  /// The files of the directory Fuzz of this checkout.
  package static let fuzz = FileTree(root: path + "/../../Fuzz")

  /// The text of the file at `name`; empty if there is none.
  package static func text(_ name: String) -> String {
    String(decoding: (try? files.read(name)) ?? [], as: UTF8.self)
  }

  /// Whether golden files are written instead of compared: `RECORD_GOLDENS=1 swift test`.
  package static let isRecording = unsafe getenv("RECORD_GOLDENS") != nil

  /// Compares `text` with the golden file at `name`, or records it.
  ///
  /// - Returns: the first difference, or nil if there is none.
  package static func differenceFromGolden(_ text: String, _ name: String) -> String? {
    if isRecording {
      return files.replace("/\(name)", with: text) ? nil : "\(name) cannot be written"
    }
    guard let bytes = try? files.read("/\(name)") else {
      return "\(name) is missing: record it with RECORD_GOLDENS=1 swift test"
    }
    let wanted = String(decoding: bytes, as: UTF8.self)
    guard wanted != text else { return nil }
    let old = wanted.split(separator: "\n", omittingEmptySubsequences: false)
    let new = text.split(separator: "\n", omittingEmptySubsequences: false)
    let line =
      zip(old, new).enumerated().first { $1.0 != $1.1 }?.offset ?? min(old.count, new.count)
    return """
      \(name), line \(line + 1) (RECORD_GOLDENS=1 swift test records it anew)
      golden: \(line < old.count ? old[line] : "(end)")
      now:    \(line < new.count ? new[line] : "(end)")
      """
  }
}
