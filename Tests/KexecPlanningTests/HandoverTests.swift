import KexecABI
import KernelImages
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

/// What the running kernel keeps for the next one (KHO): only kexec_file_load hands it over.
@Suite struct HandoverTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// The routes that are tried; nil if the load is refused because state would be lost.
    let wanted: [Route]?
    var hasEntry = true
    let change: @Sendable (inout LoadRequest) -> Void

    init(
      _ name: String, _ wanted: [Route]?, hasEntry: Bool = true,
      _ change: @escaping @Sendable (inout LoadRequest) -> Void = { _ in }
    ) {
      testDescription = name
      self.wanted = wanted
      self.hasEntry = hasEntry
      self.change = change
    }
  }

  private static let kept: [KexecHandover.PreservedState] = [
    .session(name: "vm", process: "agent", id: 7)
  ]
  private static let byFile = [Route(.file, .keepsHandover)]
  private static let fast = [Route(.segments, .jumpsFaster), Route(.file, .segmentsRefused)]

  static let cases: [Case] = [
    // kexec_load is not tried after it.
    Case("the default", byFile),
    Case("--no-fast", byFile) { $0.options.isFast = false },
    Case("-s", [Route(.file, .asked)]) { $0.options.call = .file },
    Case("-c", nil) { $0.options.call = .segments },
    Case("an option of kexec_load", nil) { $0.options.digest = .sha256 },
    Case("--mem-max", nil) {
      $0.options.memoryBounds = PhysicalRange(
        start: PhysicalAddress(0), end: PhysicalAddress(1 << 30))
    },
    Case("--entry-32bit", nil) { $0.options.entry = .protected32 },
    Case("a long command line", nil) {
      $0.options.commandLine = String(repeating: "x", count: 2020)
    },
    Case("kho=off for the next kernel", nil) { $0.options.commandLine = "kho=on kho=off" },
    Case("a kernel built without it", nil) {
      $0.kernelConfiguration = KernelConfiguration(Array("CONFIG_X=y\n".utf8), path: "c")
    },
    Case("a kernel built with it", byFile) {
      $0.kernelConfiguration = KernelConfiguration(
        Array("CONFIG_KEXEC_HANDOVER=y\n".utf8), path: "c")
    },
    Case("kho=off --drop-handover", fast) {
      ($0.options.commandLine, $0.options.dropsHandover) = ("kho=off", true)
    },
    Case("a kernel that kexec_file_load does not take", nil, hasEntry: false),
    Case("--drop-handover", fast) { $0.options.dropsHandover = true },
    Case("-c --drop-handover", [Route(.segments, .asked)]) {
      ($0.options.call, $0.options.dropsHandover) = (.segments, true)
    },
    // A crash kernel gets no state by either system call.
    Case("-p", [Route(.file, .preferred), Route(.segments, .fileCallRefused)]) {
      $0.options.purpose = .crash
    },
    Case("-p -c", [Route(.segments, .asked)]) {
      ($0.options.purpose, $0.options.call) = (.crash, .segments)
    },
    // The running kernel will continue, so nothing is lost.
    Case("--load-preserve-context", [Route(.segments, .needed(by: ["--load-preserve-context"]))]) {
      $0.options.preservesContext = true
    },
  ]

  @Test(
    "A load that would lose preserved state is refused without --drop-handover",
    arguments: cases)
  func refusesUnapprovedHandoverLoss(row: Case) throws {
    let kernel = BzImageBuilder {
      $0.payload = [1, 2, 3, 4, 5]
      if !row.hasEntry { $0.xloadflags = 0 }
    }.file
    var request = LoadRequest(kernel: .init(path: "k", bytes: kernel))
    row.change(&request)
    var machine = TemporaryTree([:]).machine
    machine.handover = KexecHandover(evidence: "kho=on", preserved: Self.kept)
    let image = try KernelImage.open(kernel)
    let found = Result { () throws(PlanningError) in
      try LoadPlanner(request, image: image, on: machine).routes
    }
    switch (found, row.wanted) {
    case (.success(let routes), let wanted): #expect(routes == wanted)
    case (.failure(.handoverLost(let states, _)), nil): #expect(states == Self.kept)
    case (.failure(let error), _): Issue.record("\(error)")
    }
    // If nothing is preserved, the routes are those without KHO.
    machine.handover = KexecHandover(evidence: "kho=on")
    let active = try LoadPlanner(request, image: image, on: machine).routes
    machine.handover = nil
    #expect(try LoadPlanner(request, image: image, on: machine).routes == active)
  }

  @Test(
    "kexec_file_load is the only route for preserved state, with or without lockdown",
    arguments: ["integrity", nil])
  func preservedStateGoesByFileLoad(lockdown: String?) throws {
    let kernel = BzImageBuilder().file
    var machine = TemporaryTree([
      "/sys/kernel/security/lockdown": lockdown.map { "none [\($0)]" } ?? "[none]"
    ]).machine
    machine.handover = KexecHandover(evidence: "kho=on", preserved: Self.kept)
    let found = routes(
      for: LoadRequest(kernel: .init(path: "k", bytes: kernel)), on: machine,
      image: try .open(kernel))
    #expect(found == [Route(.file, lockdown == nil ? .keepsHandover : .policy)])
  }

  /// Observed on 7.2: without these parameters the next kernel finds the handover, but ignores it.
  @Test(
    "The plan notes the kho and liveupdate parameters that the next kernel lacks",
    arguments: [
      ("kho=on liveupdate=on", "", nil, ["kho=on", "liveupdate=on"]),
      ("kho=on liveupdate=on", "kho=1", nil, ["liveupdate=on"]),
      ("kho=on liveupdate=on", "liveupdate=on kho=y", nil, []),
      ("kho=on", "", nil, ["kho=on"]), ("", "", nil, []), ("kho=on", "-- kho=on", nil, ["kho=on"]),
      ("kho=on", "", "CONFIG_KEXEC_HANDOVER=y", ["kho=on"]),
      (
        "kho=on", "",
        "CONFIG_KEXEC_HANDOVER=y\nCONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y", []
      ),
    ] as [(String, String, String?, [String])])
  func notesMissingHandoverParameters(
    running: String, next: String, configuration: String?, missing: [String]
  ) throws {
    var machine = TestSupport.machine(running: running)
    machine.handover = KexecHandover(evidence: "kho=on", preserved: Self.kept)
    let found = try planned(by: .file, on: machine) {
      $0.options.commandLine = next
      $0.kernelConfiguration = configuration.flatMap {
        KernelConfiguration(Array("\($0)\n".utf8), path: "c")
      }
    }.notes.filter { $0.code == .handoverNeedsWords }
    #expect(found == (missing.isEmpty ? [] : [.handoverNeedsWords(missing)]))
  }

  @Test("The plan notes whether handover state is active, handed over or dropped")
  func notesWhatHappensToHandover() throws {
    let ordinary = TemporaryTree(["/proc/iomem": "00100000-7fffffff : System RAM\n"]).machine
    func notes(
      _ handover: KexecHandover?, _ call: LoadCall, _ change: (inout LoadRequest) -> Void = { _ in }
    ) throws -> [PlanNote] {
      var machine = ordinary
      machine.handover = handover
      return try planned(by: call, on: machine, change).notes.filter {
        [.handoverActive, .handedOver, .handoverDropped].contains($0.code)
      }
    }
    let active = KexecHandover(evidence: "kho=on")
    let keeping = KexecHandover(evidence: "kho=on", preserved: Self.kept)
    #expect(try notes(nil, .file).isEmpty)
    #expect(try notes(active, .segments) == [.handoverActive(evidence: "kho=on", .segments)])
    #expect(try notes(keeping, .file) == [.handedOver(Self.kept)])
    #expect(
      try notes(keeping, .segments) { $0.options.dropsHandover = true }
        == [.handoverDropped(Self.kept)])
  }
}
