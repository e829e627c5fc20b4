internal import ByteCoding
internal import LinuxSystem

/// Module parameters that sysfs does not show, such as `dummy.numdummies`: their permissions are 0.
///
/// They are read from the kernel's memory. A module's section `__param`, whose address root finds in
/// /sys/module/NAME/sections, is a list of descriptions of 40 bytes; each names its module, so the list ends
/// where that changes.
struct HiddenParameters {
  private static let descriptionSize = 40
  private static let name = Field<UInt64>(0)
  private static let module = Field<UInt64>(8)
  private static let operations = Field<UInt64>(16)
  private static let permissions = Field<UInt16>(24)
  private static let variable = Field<UInt64>(32)

  private let files: FileTree
  private let memory: KernelMemory
  /// The kinds of variables by the addresses of the operations that read them.
  private lazy var kinds = Kind.all(in: files)

  /// Opens the kernel's memory; nil when it cannot be read.
  init?(in files: FileTree) {
    guard let memory = KernelMemory(in: files) else { return nil }
    self.files = files
    self.memory = memory
  }

  /// The hidden parameters of `module`, and the names of those whose values cannot be read.
  mutating func parameters(
    of module: String
  ) -> (known: [LoadedModule.Parameter], unknown: [String]) {
    let sections = "/sys/module/\(module)/sections/"
    var known: [LoadedModule.Parameter] = []
    var unknown: [String] = []
    guard var address = files.number(sections + "__param"),
      let owner = files.number(sections + ".gnu.linkonce.this_module")
    else { return ([], []) }
    while known.count + unknown.count < 512,
      let description = memory.bytes(at: address, count: Self.descriptionSize),
      description.loadField(Self.module) == owner,
      let name = memory.text(at: description.loadField(Self.name))
    {
      address &+= UInt64(Self.descriptionSize)
      guard description.loadField(Self.permissions) == 0 else { continue }
      let kind = kinds[description.loadField(Self.operations)]
      if let value = kind?.value(at: description.loadField(Self.variable), in: memory) {
        known.append(.init(name: name, value: value))
      } else if kind != .text {
        // A text without a value was never set.
        unknown.append(name)
      }
    }
    return (known, unknown)
  }
}

/// The type of a parameter's variable, by the name of its `param_ops_…`.
private enum Kind: Equatable {
  case signed(byteCount: Int)
  case unsigned(byteCount: Int)
  case truth(isInverted: Bool)
  case text

  private static let names: [String: Kind] = [
    "byte": .unsigned(byteCount: 1), "short": .signed(byteCount: 2),
    "ushort": .unsigned(byteCount: 2), "int": .signed(byteCount: 4),
    "uint": .unsigned(byteCount: 4), "hexint": .unsigned(byteCount: 4),
    "long": .signed(byteCount: 8), "ulong": .unsigned(byteCount: 8),
    "ullong": .unsigned(byteCount: 8), "bool": .truth(isInverted: false),
    "invbool": .truth(isInverted: true), "charp": .text,
  ]

  /// The kinds by the addresses of their operations, from `/proc/kallsyms`.
  static func all(in files: FileTree) -> [UInt64: Kind] {
    var kinds: [UInt64: Kind] = [:]
    let prefix = Array("param_ops_".utf8)
    // A line is "ffffffffae41ffa0 D param_ops_int".
    for line in ((try? files.read("/proc/kallsyms")) ?? []).split(separator: 0x0A) {
      let name = line.dropFirst(19)
      guard name.starts(with: prefix) else { continue }
      let kind = names[String(decoding: name.dropFirst(prefix.count), as: UTF8.self)]
      let address = UInt64(String(decoding: line.prefix(16), as: UTF8.self), radix: 16)
      // Users without the right to see addresses get 0.
      if let kind, let address, address != 0 { kinds[address] = kind }
    }
    return kinds
  }

  /// The value of the variable at `address`, as the kernel prints it; nil when it cannot be read.
  func value(at address: UInt64, in memory: KernelMemory) -> String? {
    switch self {
    case .signed(let count):
      return memory.number(at: address, byteCount: count).map { number in
        let shift = UInt64(64 - 8 * count)
        return String(Int64(bitPattern: number << shift) >> Int64(shift))
      }
    case .unsigned(let count):
      return memory.number(at: address, byteCount: count).map { String($0) }
    case .truth(let isInverted):
      return memory.number(at: address, byteCount: 1).map { ($0 != 0) != isInverted ? "Y" : "N" }
    case .text:
      return memory.number(at: address, byteCount: 8).flatMap {
        $0 == 0 ? nil : memory.text(at: $0)
      }
    }
  }
}

extension KernelMemory {
  /// The number of `byteCount` bytes at `address`.
  fileprivate func number(at address: UInt64, byteCount: Int) -> UInt64? {
    bytes(at: address, count: byteCount)?.reversed().reduce(0) { ($0 << 8) | UInt64($1) }
  }
}
