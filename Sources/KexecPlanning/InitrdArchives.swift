package import ByteCoding
internal import CpioFormat

/// Archives one behind the other, as in initrds. Documented in
/// Documentation/driver-api/early-userspace/buffer-format.rst.
package enum InitrdArchives {
  /// An archive without files. `--initrd=none`.
  package static let empty = SharedBytes(CpioWriter().archive())

  /// `files` one behind the other. Zeros between them make each start at a multiple of four bytes.
  package static func row(of files: [SharedBytes]) -> [SharedBytes] {
    files.enumerated().flatMap { index, file in
      let padding = index + 1 < files.count ? -file.count & 3 : 0
      return padding == 0 ? [file] : [file, SharedBytes([UInt8](repeating: 0, count: padding))]
    }
  }
}
