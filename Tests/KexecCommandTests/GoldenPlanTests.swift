import ByteCoding
import KernelImages
import KexecPlanning
import LinuxSystem
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecCommand

/// For every memory map in Tests/Fixtures/machines: how it is understood, and where a kernel would
/// go. A machine dropped into that folder becomes a test.
@Suite struct GoldenPlanTests {
  @Test(arguments: MachineFixture.all)
  func plan(fixture: MachineFixture) throws {
    _ = try #require(fixture.architecture, "\(fixture.folder) has no row in INDEX.md")
    var text = memoryText(fixture)
    if fixture.isX86 {
      text += try planText(fixture, .reboot)
      if !fixture.machine.ioMemory.crashRegions.isEmpty { text += try planText(fixture, .crash) }
    }
    let difference = Fixtures.differenceFromGolden(text, "plans/\(fixture.name).txt")
    #expect(difference == nil, "\(difference ?? "")")
  }

  /// A plan whose machine is gone would never fail again.
  @Test func everyGoldenHasItsMachine() {
    let wanted = Set(MachineFixture.all.map { $0.name + ".txt" })
    let found = Set(Fixtures.files.names(in: "/plans") ?? [])
    #expect(found.subtracting(wanted).isEmpty)
  }

  @Test func machinesWithoutAMapSaySo() {
    let planned = Set(MachineFixture.all.map(\.folder))
    for folder in MachineFixture.folders where !planned.contains(folder) {
      let files = Fixtures.files.names(in: "/machines/\(folder)") ?? []
      print("no plan for \(folder): it has only \(files.joined(separator: ", "))")
      // dmesg-memory.txt has nodes and zones, not what is reserved: no map can be made of it.
      #expect(files.contains("dmesg-memory.txt"), "\(folder) has nothing that can be tested")
    }
  }

  private func memoryText(_ fixture: MachineFixture) -> String {
    let machine = fixture.machine
    var lines = ["machine       \(fixture.name), \(fixture.architecture ?? "?")"]
    lines.append("iomem hidden  \(machine.ioMemory.isHidden ? "yes" : "no")")
    for region in machine.ioMemory.crashRegions {
      lines.append("crash region  \(region), \(byteText(region.byteCount))")
    }
    do {
      let memory = try UsableMemory(of: machine, commandLine: .init(""))
      let ram = memory.map.ranges(of: .ram)
      lines += list("RAM", ram) + list("free", memory.free)
    } catch {
      lines.append("no memory     \(error)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func list(_ name: String, _ set: PhysicalRangeSet) -> [String] {
    let total = "\(set.byteCount) bytes in \(set.ranges.count) ranges"
    return [name + String(repeating: " ", count: 14 - name.count) + total]
      + set.ranges.map { "  \($0), \(byteText($0.byteCount))" }
  }

  private func planText(
    _ fixture: MachineFixture, _ purpose: LoadRequest.Purpose
  ) throws -> String {
    let machine = fixture.machine
    var request = standardRequest(reusingCommandLine: !machine.commandLine.text.isEmpty)
    request.purpose = purpose
    do {
      let plan = try KexecPlanning.plan(
        request, by: Route(.segments, .asked), on: machine,
        image: KernelImage.open(request.kernel.bytes))
      return "\n" + withoutPurgatorySize(PlanReport(plan: plan).text)
    } catch let error as PlanningError {
      return "\n"
        + CommandError(error, request: request, machine: machine, after: nil).text
    }
  }

  /// The purgatory's code is compiled with the tests: its size in bytes may differ by compiler.
  private func withoutPurgatorySize(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      guard let mark = line.firstRange(of: "█ purgatory, "), let of = line.firstRange(of: " in ")
      else { return String(line) }
      return line[..<mark.upperBound] + "…" + line[of.lowerBound...]
    }.joined(separator: "\n")
  }
}

/// The kernel of the goldens: a real header, a small file.
private let standardKernel = BzImageBuilder().file
/// 30 MB that are shared and never read: the goldens' purgatories check nothing.
private let standardInitrd = SharedBytes([UInt8](repeating: 0, count: 30_000_000))

private func standardRequest(reusingCommandLine: Bool) -> LoadRequest {
  var request = LoadRequest(kernel: .init(path: "vmlinuz", bytes: standardKernel))
  request.initrds = [.init(path: "initrd.img", bytes: standardInitrd)]
  request.reusesCommandLine = reusingCommandLine
  request.digest = .none
  request.unpacksKernel = false
  request.unpacksInitrds = false
  request.randomSeed = [UInt8](repeating: 0x5A, count: 32)
  return request
}
