internal import ByteCoding
internal import LinuxSystem

/// The names in the device tree that tell which processors the machine has.
struct DeviceTreeNames {
  /// The file or directory that the tree is in.
  let file: String
  private let names: [String]

  /// Reads the names; nil when there is no device tree.
  init?(in files: FileTree) {
    let blob = "/sys/firmware/fdt"
    if let bytes = try? files.read(blob, atMost: .mebibytes(4)),
      bytes.starts(with: [0xD0, 0x0D, 0xFE, 0xED])
    {
      // The tree is not parsed, so bytes of numbers may come before a name.
      (file, names) = (blob, Self.texts(in: bytes))
      return
    }
    for directory in ["/proc/device-tree", "/sys/firmware/devicetree/base"] {
      guard let entries = files.names(in: directory), !entries.isEmpty else { continue }
      var names = entries
      for processor in files.names(in: "\(directory)/cpus") ?? [] {
        names += files.names(in: "\(directory)/cpus/\(processor)") ?? []
        let value = try? files.read("\(directory)/cpus/\(processor)/compatible", atMost: 4096)
        names += Self.texts(in: value ?? [])
      }
      for node in entries where node.hasPrefix("timer") {
        let value = try? files.read("\(directory)/\(node)/compatible", atMost: 4096)
        names += Self.texts(in: value ?? [])
      }
      (file, self.names) = (directory, names)
      return
    }
    return nil
  }

  private static func texts(in bytes: [UInt8]) -> [String] {
    bytes.split(separator: 0).filter { $0.count > 4 && $0.count < 64 }
      .map { String(lossless: $0) }
  }

  /// The architecture; nil when they name no known processor. The names are those of
  /// Documentation/devicetree/bindings/arm/cpus.yaml and …/riscv/cpus.yaml.
  var finding: ArchitectureEvidence.Finding? {
    if names.contains(where: { $0.hasSuffix("riscv,isa") || $0.hasSuffix("riscv,isa-base") }) {
      return .architecture(.riscv64)
    }
    let wide = ["arm,armv8", "arm,neoverse", "arm,cortex-x", "apple,icestorm", "apple,firestorm"]
    if names.contains(where: { name in name.isOf64BitCore || wide.contains { name.holds($0) } }) {
      return .architecture(.arm64)
    }
    if names.contains(where: { name in
      name.holds("arm,armv7") || name.holds("arm,arm11")
        || Self.narrowCores.contains { name.hasSuffix("arm,cortex-a" + $0) }
    }) {
      return .architecture(.arm)
    }
    return names.contains { $0.holds("arm,psci") || $0.holds("arm,gic") } ? .notX86 : nil
  }

  /// 32-bit cores: Cortex-A5 and so on.
  private static let narrowCores = ["5", "7", "8", "9", "12", "15", "17", "32"]
}

extension String {
  /// Whether this ends in the name of a Cortex-A core of 64 bits: A34, A35, A53 and all from there on.
  fileprivate var isOf64BitCore: Bool {
    let parts = split(separator: "-")
    guard parts.count >= 2, parts[parts.count - 2].hasSuffix("arm,cortex"),
      let core = parts.last, core.hasPrefix("a"),
      let number = Int(core.dropFirst().prefix { $0.isASCIIDigit })
    else { return false }
    return number >= 34
  }
}
