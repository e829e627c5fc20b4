import KexecABI
import ByteCoding
import CpioFormat
import KernelImages
import KexecPlanning
import LinuxSystem
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecCommand

/// For every memory map in Tests/Fixtures/machines: how it is interpreted, and where a kernel would
/// be placed. Every machine that is added to that directory becomes a test.
///
/// The plan's JSON is compared, with codes of its notes instead of sentences, which other tests
/// cover.
@Suite struct GoldenPlanTests {
  @Test(
    "The memory and the plans of each recorded machine match its golden file",
    arguments: MachineFixture.all)
  func planMatchesGoldenFile(fixture: MachineFixture) throws {
    _ = try #require(fixture.architecture, "\(fixture.directory) has no row in INDEX.md")
    var members = memory(of: fixture)
    if fixture.isX86 {
      let packed = try plan(fixture, .reboot, StandardFiles.packed)
      members.append(("packed", packed))
      members.append(
        ("default", try plan(fixture, .reboot, StandardFiles.unpacked).withoutMap(of: packed)))
      if !fixture.machine.ioMemory.crashRegions.isEmpty {
        members.append(("crash", try plan(fixture, .crash, StandardFiles.packed)))
      }
    }
    let text = JSON.object(members).compactText
    let difference = Fixtures.differenceFromGolden(text, "plans/\(fixture.name).json")
    #expect(difference == nil, "\(difference ?? "")")
  }

  /// A golden plan without a machine would never be compared.
  @Test("Every golden plan belongs to a recorded machine")
  func everyGoldenPlanHasAMachine() {
    let wanted = Set(MachineFixture.all.map { $0.name + ".json" })
    let found = Set(Fixtures.files.names(in: "/plans") ?? [])
    #expect(found.subtracting(wanted).isEmpty)
  }

  @Test("Every recorded machine without a memory map has at least a dmesg-memory.txt")
  func machinesWithoutMapHaveMemoryLog() {
    let planned = Set(MachineFixture.all.map(\.directory))
    for directory in MachineFixture.directories where !planned.contains(directory) {
      let files = Fixtures.files.names(in: "/machines/\(directory)") ?? []
      print("no plan for \(directory): it has only \(files.joined(separator: ", "))")
      // dmesg-memory.txt has nodes and zones, but no reserved ranges: it is not a memory map.
      #expect(files.contains("dmesg-memory.txt"), "\(directory) has nothing that can be tested")
    }
  }

  private func memory(of fixture: MachineFixture) -> [(String, JSON)] {
    let machine = fixture.machine
    var members: [(String, JSON)] = [
      ("machine", .string(fixture.name)),
      ("architecture", .string(fixture.architecture ?? "unknown")),
      ("ioMemoryHidden", .bool(machine.ioMemory.isHidden)),
      ("crashRegions", json(machine.ioMemory.crashRegions)),
    ]
    do {
      let memory = try UsableMemory(of: machine, commandLine: .init(""))
      members.append(("ram", json(memory.map.ranges(of: .ram).ranges)))
      members.append(("free", json(memory.free.ranges)))
    } catch {
      members.append(("noMemory", .string(error.code.rawValue)))
    }
    return members
  }

  private func json(_ ranges: [PhysicalRange]) -> JSON {
    .array(
      ranges.map {
        .object([("start", .number($0.start.value)), ("size", .number($0.byteCount))])
      })
  }

  private func plan(
    _ fixture: MachineFixture, _ purpose: LoadOptions.Purpose, _ files: StandardFiles
  ) throws -> JSON {
    let machine = fixture.machine
    var request = files.request
    request.options.reusesCommandLine = !machine.commandLine.text.isEmpty
    request.options.purpose = purpose
    do {
      let plan = try TestSupport.plan(
        request, by: Route(.segments, .asked), on: machine,
        image: KernelImage.open(request.kernel.bytes))
      let json = PlanReport(plan: plan).json
      JSONDocuments.keep(json.text)
      return json.withCodes(of: plan)
    } catch let error as PlanningError {
      return .object([("error", .string(error.code.rawValue))])
    }
  }
}

/// The files that the golden plans load.
private struct StandardFiles {
  let request: LoadRequest

  private init(
    kernel: SharedBytes, initrd: SharedBytes, _ change: (inout LoadRequest) -> Void = { _ in }
  ) {
    var request = LoadRequest(kernel: .init(path: "vmlinuz", bytes: kernel))
    request.initrds = [.init(path: "initrd.img", bytes: initrd)]
    request.randomSeed = [UInt8](repeating: 0x5A, count: 32)
    change(&request)
    self.request = request
  }

  /// A real header and a small file, which unpacks itself and is not checked; and 30 MB that are
  /// shared and never read.
  static let packed = StandardFiles(
    kernel: BzImageBuilder().file,
    initrd: SharedBytes([UInt8](repeating: 0, count: 30_000_000))
  ) {
    $0.options.digest = .none
    $0.options.isFast = false
  }

  /// A load without options: a kernel that is unpacked at load time, checked by komihash, at an
  /// address drawn from a seed; and an initrd of two archives, the second one data compressed by gzip.
  static let unpacked = StandardFiles(
    kernel: BzImageBuilder { $0.payload = payload(zstd: VmlinuxBuilder().bytes) }.file,
    initrd: SharedBytes(archive("first") + storedGzip(archive("second")))
  ) {
    $0.randomNumbers = .init(seed: 1)
  }

  private static func archive(_ name: String) -> [UInt8] {
    var writer = CpioWriter()
    do {
      try writer.append(.file(name, [UInt8](repeating: 7, count: 5000)))
    } catch {
      fatalError("\(name): \(error)")
    }
    return writer.archive()
  }
}

extension JSON {
  /// The JSON with codes instead of sentences, and without the bytes of the purgatory: it is
  /// compiled with the tests, and its size may depend on the compiler.
  fileprivate func withCodes(of plan: LoadPlan) -> JSON {
    guard case .object(let members) = self else { return self }
    return .object(
      members.map { name, value in
        switch name {
        case "reason": (name, .string(plan.reason.code.rawValue))
        case "notes": (name, .array(plan.notes.map { .string($0.code.rawValue) }))
        case "noteCodes": (name, value.without("text"))
        case "segments": (name, value.withoutPurgatoryBytes)
        default: (name, value)
        }
      })
  }

  /// The same objects without the member of that name.
  private func without(_ member: String) -> JSON {
    guard case .array(let objects) = self else { return self }
    return .array(
      objects.map { object in
        guard case .object(let members) = object else { return object }
        return .object(members.filter { $0.0 != member })
      })
  }

  private var withoutPurgatoryBytes: JSON {
    guard case .array(let segments) = self else { return self }
    return .array(
      segments.map { segment in
        guard case .object(let members) = segment,
          members.contains(where: { $0.0 == "role" && $0.1.text == "\"purgatory\"\n" })
        else { return segment }
        return .object(members.filter { $0.0 != "bytes" })
      })
  }

  /// The same without the memory map, if that equals the one of `other`.
  fileprivate func withoutMap(of other: JSON) -> JSON {
    guard case .object(let mine) = self, case .object(let others) = other,
      let map = others.first(where: { $0.0 == "memoryMap" })
    else { return self }
    return .object(
      mine.map { name, value in
        name == "memoryMap" && value.text == map.1.text
          ? (name, .string("as above")) : (name, value)
      })
  }

  /// The value as text. Objects and arrays that contain no others are on one line.
  fileprivate var compactText: String { compact(depth: 0) + "\n" }

  private func compact(depth: Int) -> String {
    let inner = String(repeating: "  ", count: depth + 1)
    let outer = String(repeating: "  ", count: depth)
    switch self {
    case .array(let values):
      guard !values.isEmpty else { return "[]" }
      let items = values.map { $0.compact(depth: depth + 1) }
      guard values.contains(where: \.isNested) else { return "[\(items.joined(separator: ", "))]" }
      return "[\n\(items.map { inner + $0 }.joined(separator: ",\n"))\n\(outer)]"
    case .object(let members):
      let items = members.map { "\"\($0.0)\": " + $0.1.compact(depth: depth + 1) }
      guard members.contains(where: { $0.1.isNested }) else {
        return "{ \(items.joined(separator: ", ")) }"
      }
      return "{\n\(items.map { inner + $0 }.joined(separator: ",\n"))\n\(outer)}"
    default: return String(text.dropLast())
    }
  }

  private var isNested: Bool {
    switch self {
    case .array, .object: true
    default: false
    }
  }
}
