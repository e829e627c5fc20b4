import ByteCoding
import LinuxSystem
import RunningSystem
import TestSupport
import Testing

@Suite struct LoadedModulesTests {
  private func modules(_ files: [String: [UInt8]]) -> LoadedModules? {
    let tree = TemporaryTree(bytes: files)
    return withExtendedLifetime(tree) {
      Machine.read(FileTree(root: tree.path), with: .modules).modules
    }
  }

  private func modules(_ files: [String: String]) -> LoadedModules? {
    modules(files.mapValues { Array($0.utf8) })
  }

  @Test("Loaded modules are read oldest first, with the parameters that have a value")
  func modulesAreReadOldestFirst() {
    let found = modules([
      "/proc/modules": """
      loop 40960 0 - Live 0x0000000000000000
      gone 4096 0 - Unloading 0x0000000000000000
      nf_tables 356352 2 nft_ct,nft_nat, Live 0x0000000000000000
      stuck 4096 1 [permanent], Live 0x0000000000000000 (OE)
      short 1

      """,
      "/sys/module/loop/parameters/max_loop": "5\n",
      "/sys/module/loop/parameters/empty": "\n",
      "/sys/module/stuck/parameters/name": "(null)\n",
      "/sys/module/stuck/parameters/names": "(null),(null)\n",
      "/sys/module/stuck/parameters/a": "two words\n",
      // Built-in code is not in /proc/modules.
      "/sys/module/printk/parameters/time": "Y\n",
    ])
    #expect(
      found
        == LoadedModules(
          [
            LoadedModule(name: "stuck", parameters: [.init(name: "a", value: "two words")]),
            LoadedModule(name: "nf_tables", isNeeded: true),
            LoadedModule(name: "loop", parameters: [.init(name: "max_loop", value: "5")]),
          ], includesHidden: false))
  }

  @Test("Loaded modules are not read unless they are asked for")
  func readsModulesOnlyOnRequest() {
    #expect(TemporaryTree(["/proc/modules": "loop 1 0 - Live 0x0"]).machine.modules == nil)
  }

  // The kernel's memory with the parameters of the module m, from 0xffffffffc0000000 on.
  private static let base: UInt64 = 0xFFFF_FFFF_C000_0000
  private static let owner = base + 0x800

  /// A /proc/kcore with one segment, which contains `memory`.
  private func core(_ memory: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1] + [UInt8](repeating: 0, count: 250)
    bytes.store(4, as: Field<UInt16>(0x10))  // a core file
    bytes.store(62, as: Field<UInt16>(0x12))  // for x86_64
    bytes.store(64, as: Field<UInt64>(0x20))
    bytes.store(56, as: Field<UInt16>(0x36))
    bytes.store(2, as: Field<UInt16>(0x38))
    bytes.store(4, as: Field<UInt32>(64))  // a note comes first
    bytes.store(1, as: Field<UInt32>(120))
    bytes.store(256, as: Field<UInt64>(128))
    bytes.store(Self.base, as: Field<UInt64>(136))
    bytes.store(UInt64(memory.count), as: Field<UInt64>(152))
    bytes.store(UInt64(memory.count), as: Field<UInt64>(160))
    return bytes + memory
  }

  /// 4 KiB with a list of parameters at the start, their names from 0x400 on, and their values.
  private func memory(
    _ parameters: [(name: String, operations: UInt64, permissions: UInt16, variable: UInt64)]
  ) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 4096)
    for (index, parameter) in parameters.enumerated() {
      bytes.store(Self.base + 0x400 + 0x20 * UInt64(index), as: Field<UInt64>(40 * index))
      bytes.store(Self.owner, as: Field<UInt64>(40 * index + 8))
      bytes.store(parameter.operations, as: Field<UInt64>(40 * index + 16))
      bytes.store(parameter.permissions, as: Field<UInt16>(40 * index + 24))
      bytes.store(parameter.variable, as: Field<UInt64>(40 * index + 32))
      bytes.store(Array(parameter.name.utf8), at: 0x400 + 0x20 * index)
    }
    bytes.store(UInt64.max - 2, as: Field<UInt64>(0xC00))  // -3 in any width
    bytes.store(Self.base + 0xD00, as: Field<UInt64>(0xC10))
    bytes.store(1, as: Field<UInt8>(0xC20))
    bytes.store(Array("text".utf8), at: 0xD00)
    return bytes
  }

  private static let symbols = """
    0000000000000000 A fixed_percpu_data
    ffffffff81000010 D param_ops_int
    ffffffff81000020 D param_ops_uint
    ffffffff81000030 D param_ops_charp
    ffffffff81000040 D param_ops_bool
    ffffffff81000050 D param_ops_invbool
    ffffffff81000060 D param_ops_byte
    ffffffff81000070 D param_ops_long
    ffffffff81000080 D param_ops_other
    ffffffff81000090 r __ksymtab_param_ops_int
    """

  private func hidden(core: [UInt8], symbols: String = symbols) -> LoadedModule? {
    modules([
      "/proc/modules": Array("m 4096 0 - Live 0x0\n".utf8),
      "/proc/kallsyms": Array(symbols.utf8), "/proc/kcore": core,
      "/sys/module/m/sections/__param": Array("0xffffffffc0000000\n".utf8),
      "/sys/module/m/sections/.gnu.linkonce.this_module": Array("0xffffffffc0000800\n".utf8),
    ])?.modules.first
  }

  @Test("Hidden module parameters are read from the kernel's memory")
  func hiddenParametersAreReadFromMemory() {
    let (number, text, truth) = (Self.base + 0xC00, Self.base + 0xC10, Self.base + 0xC20)
    let module = hidden(
      core: core(
        memory([
          ("int", 0xFFFF_FFFF_8100_0010, 0, number), ("uint", 0xFFFF_FFFF_8100_0020, 0, number),
          ("charp", 0xFFFF_FFFF_8100_0030, 0, text), ("bool", 0xFFFF_FFFF_8100_0040, 0, truth),
          ("invbool", 0xFFFF_FFFF_8100_0050, 0, truth),
          ("byte", 0xFFFF_FFFF_8100_0060, 0, number), ("long", 0xFFFF_FFFF_8100_0070, 0, number),
          ("shown", 0xFFFF_FFFF_8100_0010, 0o444, number),
          ("unset", 0xFFFF_FFFF_8100_0030, 0, Self.base + 0xE00),
          // The module itself may have counted it down to zero.
          ("zero", 0xFFFF_FFFF_8100_0010, 0, Self.base + 0xE00),
          ("list", 0xFFFF_FFFF_8100_0080, 0, number), ("odd", 0, 0, number),
          ("far", 0xFFFF_FFFF_8100_0010, 0, 0xFFFF_8000_0000_0000),
        ])))
    let wanted = [
      ("bool", "Y"), ("byte", "253"), ("charp", "text"), ("int", "-3"), ("invbool", "N"),
      ("long", "-3"), ("uint", "4294967293"),
    ]
    #expect(module?.parameters == wanted.map { .init(name: $0.0, value: $0.1) })
    #expect(module?.unreadable == ["list", "odd", "far"])
  }

  /// Addresses that are hidden from unprivileged users; a list without an end; truncated memory.
  @Test("Hidden addresses, endless lists and truncated kernel memory never trap")
  func hostileMemoryNeverTraps() {
    let one = memory([("int", 0xFFFF_FFFF_8100_0010, 0, Self.base + 0xC00)])
    #expect(
      hidden(core: core(one), symbols: "0000000000000000 D param_ops_int")?.unreadable == ["int"])
    #expect(hidden(core: core(Array(one.prefix(30))))?.parameters == [])
    #expect(hidden(core: Array(core(one).prefix(100)))?.parameters == [])
    for size in [0, 3, 63] {
      #expect(hidden(core: Array(core(one).prefix(size)))?.parameters == [])
    }
    var endless = one
    for index in 0..<100 { endless.store(Self.owner, as: Field<UInt64>(40 * index + 8)) }
    #expect(hidden(core: core(endless)) != nil)
    var wrong = core(one)
    wrong.store(.max, as: Field<UInt64>(128))  // an offset beyond the end of any file
    #expect(hidden(core: wrong)?.parameters == [])
  }
}
