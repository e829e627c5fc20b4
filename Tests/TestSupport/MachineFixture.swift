internal import LinuxSystem
internal import PhysicalMemory
package import RunningSystem

/// One memory map of one machine in Tests/Fixtures/machines, and the other facts about that
/// machine.
package struct MachineFixture: Sendable, CustomStringConvertible {
  /// The machine's directory.
  package let directory: String
  /// Which of its files are used; nil for those with their usual names in /proc and /sys.
  package let variant: String?
  /// The architecture, from INDEX.md; nil if the machine has no row there.
  package let architecture: String?
  /// The file in the directory that is used as /proc/iomem.
  let ioMemoryFile: String?
  /// The file in the directory that is used as /sys/firmware/memmap; nil if that itself is there.
  let firmwareFile: String?

  /// The name of the fixture, such as `dell-t3600-type20.e820`.
  package var name: String { variant.map { "\(directory).\($0)" } ?? directory }

  /// The name.
  package var description: String { name }

  /// Whether loads can be planned for its architecture.
  package var isX86: Bool { architecture == "x86_64" || architecture == "i386" }

  /// The machine, read from its files.
  package var machine: Machine {
    var machine = Machine.read(
      FileTree(root: "\(Fixtures.path)/machines/\(directory)"), with: .crash)
    machine.ioMemory = IOMemory(text: ioMemoryText)
    if let firmwareFile {
      let text = read(firmwareFile)
      machine.firmwareMap =
        firmwareFile.contains("e820") ? MemoryLog.e820(text) : MemoryLog.ranges(text)
    } else if ioMemoryFile != "/proc/iomem", ioMemoryFile != nil {
      machine.firmwareMap = nil
    }
    return machine
  }

  /// The text that is used as /proc/iomem; empty if there is none.
  package var ioMemoryText: String { ioMemoryFile.map(read) ?? "" }

  /// The text of the log that is used as /sys/firmware/memmap; empty if there is none.
  package var firmwareText: String { firmwareFile.map(read) ?? "" }

  private func read(_ file: String) -> String {
    let bytes = try? Fixtures.files.read("/machines/\(directory)\(file)")
    return String(decoding: bytes ?? [], as: UTF8.self)
  }
}

extension MachineFixture {
  /// Every directory below Tests/Fixtures/machines.
  package static let directories: [String] = (Fixtures.files.names(in: "/machines") ?? []).filter {
    $0 != "INDEX.md"
  }

  /// Every memory map of every machine.
  package static let all: [MachineFixture] = directories.flatMap(fixtures)

  private static func fixtures(in directory: String) -> [MachineFixture] {
    let files = FileTree(root: "\(Fixtures.path)/machines/\(directory)")
    let top = files.names(in: "/") ?? []
    let maps = (files.names(in: "/proc") ?? []).filter { $0.hasPrefix("iomem") }
    let logs = top.filter {
      $0.hasSuffix(".txt") && ($0.hasPrefix("e820") || $0.hasPrefix("kexec-d"))
    }
    func fixture(_ variant: String?, ioMemory: String?, firmware: String?) -> MachineFixture {
      MachineFixture(
        directory: directory, variant: variant, architecture: architectures[directory],
        ioMemoryFile: ioMemory, firmwareFile: firmware)
    }
    var all = maps.map {
      fixture($0 == "iomem" ? nil : $0, ioMemory: "/proc/\($0)", firmware: nil)
    }
    all += logs.map { fixture(String($0.dropLast(4)), ioMemory: nil, firmware: "/\($0)") }
    if maps.contains("iomem") {
      all += logs.map {
        fixture("iomem+\($0.dropLast(4))", ioMemory: "/proc/iomem", firmware: "/\($0)")
      }
    } else if files.exists("/sys/firmware/memmap") {
      all.append(fixture("memmap", ioMemory: nil, firmware: nil))
    }
    return all
  }

  /// The column "arch" of INDEX.md, by machine.
  private static let architectures: [String: String] = {
    let bytes = (try? Fixtures.files.read("/machines/INDEX.md")) ?? []
    let rows = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map { line in
      line.split(separator: "|").map { cell in
        String(cell.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
      }
    }
    return Dictionary(
      rows.filter { $0.count > 3 }.map { ($0[0], $0[2]) }, uniquingKeysWith: { first, _ in first })
  }()
}
