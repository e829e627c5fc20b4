internal import ByteCoding
internal import Compression

/// How a kernel was configured, as far as loading depends on it: lines `CONFIG_NAME=y` and
/// `# CONFIG_NAME is not set`, as in /boot/config-RELEASE.
package struct KernelConfiguration: Equatable, Sendable {
  /// The file that the configuration comes from.
  package let path: String
  /// Whether the kernel can load modules.
  let hasModules: Bool
  /// Whether the kernel takes what another hands over (KHO), and whether it does so without `kho=on`.
  let takesHandover: Bool
  let takesHandoverByDefault: Bool
  /// The names that are set to `y`, of those that begin with `CONFIG_RD_`.
  private let initrdFormats: Set<String>

  /// Reads the text of the configuration at `path`; nil when it is not one.
  package init?(_ text: [UInt8], path: String) {
    let prefix = Array("CONFIG_RD_".utf8)
    var formats: Set<String> = []
    var isConfiguration = false
    var hasModules = false
    var (takesHandover, takesHandoverByDefault) = (false, false)
    for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: prefix.prefix(7))
    {
      isConfiguration = true
      if line.elementsEqual("CONFIG_MODULES=y".utf8) { hasModules = true }
      if line.starts(with: "CONFIG_KEXEC_HANDOVER".utf8) {
        if line.elementsEqual("CONFIG_KEXEC_HANDOVER=y".utf8) { takesHandover = true }
        if line.elementsEqual("CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y".utf8) {
          takesHandoverByDefault = true
        }
      }
      guard line.starts(with: prefix), line.dropLast().last == UInt8(ascii: "="),
        line.last == UInt8(ascii: "y")
      else { continue }
      formats.insert(String(decoding: line.dropFirst(prefix.count).dropLast(2), as: UTF8.self))
    }
    guard isConfiguration else { return nil }
    self.path = path
    self.hasModules = hasModules
    self.takesHandover = takesHandover
    self.takesHandoverByDefault = takesHandoverByDefault
    initrdFormats = formats
  }

  /// The configuration that a kernel with CONFIG_IKCONFIG has in its image, compressed by gzip between the
  /// marks IKCFG_ST and IKCFG_ED; nil if `image`, the unpacked kernel, has none.
  init?(inside image: SharedBytes) {
    let mark = Array("IKCFG_ST".utf8)
    guard let start = image.firstOffset(of: mark),
      let packed = try? image.slice((start + mark.count)..<image.count),
      let text = try? decompress(packed, as: .gzip, limit: .mebibytes(4))
    else { return nil }
    self.init(text.bytes.array, path: "its own image")
  }

  /// Whether the kernel unpacks initrds of `format`.
  func hasInitrdFormat(_ format: CompressionFormat) -> Bool {
    let name =
      switch format {
      case .gzip: "GZIP"
      case .xz: "XZ"
      case .lzma: "LZMA"
      case .zstd: "ZSTD"
      case .lz4: "LZ4"
      case .bzip2: "BZIP2"
      case .lzo: "LZO"
      }
    return initrdFormats.contains(name)
  }
}
