import Foundation
import Synchronization

/// The processor of a machine, as QEMU calls it, when nobody asks for another: all that TCG can do, but
/// not five-level paging, which only makes it slower.
public let defaultProcessor = "max,la57=off"

/// The processor that uses five-level paging.
public let fiveLevelProcessor = "max,la57=on"

/// TCG of QEMU 7.2 spoils the flags when an interrupt comes right behind cmpxchg16b: once in hundreds of
/// boots a kernel dies of a double fault in its allocator, whoever started it. So Linux shall not use it
/// (X86_FEATURE_CX16, by number for all kernels); programs may.
private let withoutFault = "clearcpuid=141"

/// What a scenario works with: it boots machines and ends them when the scenario is over.
public final class Lab: Sendable {
  /// The program under test.
  public let tool: Tool
  /// More programs that every guest gets under these names: what a benchmark compares with.
  let programs: [(name: String, tool: Tool)]
  let workshop: Workshop
  let log: ScenarioLog
  /// What the random addresses of loads are drawn from, so that a run can be repeated.
  public let seed: Int
  private let name: String
  private let machines = Mutex<[VirtualMachine]>([])

  /// A lab for one scenario, called `name` in the names of files.
  public init(
    name: String, tool: Tool, programs: [(name: String, tool: Tool)] = [], workshop: Workshop,
    seed: Int = 1
  ) throws {
    self.tool = tool
    self.seed = seed
    self.programs = programs
    self.workshop = workshop
    self.name = name.fileName
    log = try ScenarioLog(path: "\(workshop.logs)/\(name.fileName).log")
  }

  /// Boots `kernel` and waits for its agent.
  ///
  /// The guest finds the kernels that it carries in /boot, and there too `initrd` for the next kernel:
  /// the same agent and programs, and `nextFiles`. `files` are for this guest alone. In a chain there is
  /// no such initrd, since every kernel hands on its own. A `system` on a disk finds the same files; an
  /// empty disk is /dev/nvme0n1. With `isConsoleSecond` the kernel's console is the second port, at 57600
  /// baud, and the agent has the first.
  public func boot(
    _ kernel: Kernel,
    system: GuestSystem = .initramfs,
    firmware: Firmware = .bios,
    memory: Int = 1024,
    cpus: Int = 1,
    processor: String = defaultProcessor,
    commandLine words: String = "",
    carrying kernels: [Kernel] = [],
    isChain: Bool = false,
    files: [String: [UInt8]] = [:],
    nextFiles: [String: [UInt8]] = [:],
    mayReset: Bool = false,
    sharesMemory: Bool = false,
    isConsoleSecond: Bool = false,
    hasEmptyDisk: Bool = false,
    hasVGA: Bool = false,
    within limit: Duration = againstHanging,
    file: String = #fileID, line: Int = #line
  ) async throws -> Guest {
    let number = machines.withLock { $0.count }
    let directory = "\(workshop.scratch)/\(name)-\(number)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)

    let base = try GuestImage.shared(tool: tool, also: programs, workshop: workshop)
    var next = base
    for (path, bytes) in nextFiles.sorted(by: { $0.key < $1.key }) { try next.add(path, bytes) }
    var image = base
    for (path, bytes) in files.sorted(by: { $0.key < $1.key }) { try image.add(path, bytes) }
    if !kernels.isEmpty, !isChain { try image.add("boot/initrd", next.archive) }
    for carried in kernels { try image.add(carried.path, from: carried.file(in: workshop)) }
    let initrd = directory + "/initrd"
    try Data(image.archive).write(to: URL(fileURLWithPath: initrd))

    let parts = MachineParts(
      firmware: firmware, memory: memory, cpus: cpus, processor: processor,
      kernel: try kernel.file(in: workshop), initrd: initrd,
      commandLine: [
        isConsoleSecond ? Self.secondPortCommandLine : Self.commandLine, system.commandLine, words,
      ].filter { !$0.isEmpty }.joined(separator: " "),
      disk: hasEmptyDisk ? try emptyDisk(in: directory) : try system.disk(in: workshop),
      mayReset: mayReset, isConsoleSecond: isConsoleSecond, isMemoryShared: sharesMemory,
      hasVGA: hasVGA, isToolOurs: tool.isOurs)
    let machine = try await VirtualMachine(
      parts, directory: directory, log: log, workshop: workshop)
    machines.withLock { $0.append(machine) }

    let deadline = ContinuousClock.now + limit
    let ready = try await machine.agent.transcript.firstLine(from: 0, until: deadline) {
      $0.hasPrefix("@ready ")
    }
    guard let ready else {
      await machine.logRegisters()
      throw Failure("\(kernel.rawValue) did not boot within \(limit)", file, line)
    }
    let guest = try Guest(machine: machine, ready: ready.text, arrival: nil)
    try guest.mustBe(kernel, file: file, line: line)
    return guest
  }

  /// A disk of 64 MiB, all zeros.
  private func emptyDisk(in directory: String) throws -> String {
    let path = directory + "/disk"
    try Data().write(to: URL(fileURLWithPath: path))
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.truncate(atOffset: 64 << 20)
    try file.close()
    return path
  }

  /// Files for a guest: these modules of `kernel`, none of which needs another, and the list by which
  /// modprobe finds them.
  public func modules(_ paths: [String], of kernel: Kernel) throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    var list = ""
    for path in paths {
      let module = try kernel.module(path, in: workshop)
      files[module.path] = module.bytes
      let (directory, name) = module.path.splitAtLastSlash
      list += "\(name):\n"
      files["\(directory)/modules.dep"] = Array(list.utf8)
    }
    return files
  }

  /// Bytes that look random and follow from the seed.
  public func randomBytes(_ count: Int) -> [UInt8] {
    var state = UInt64(seed)
    return (0..<count).map { _ in
      // Knuth's MMIX generator; its high bits are the good ones.
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
  }

  /// The words that every kernel gets: both consoles, a reset rather than a hang after a panic, and no
  /// panic when a timer interrupt comes late, as happens when this computer has much else to do.
  public static let commandLine =
    "console=ttyS0 earlyprintk=ttyS0,115200 panic=-1 no_timer_check \(withoutFault)"

  /// The words of a kernel that has not been told where its console is, in a machine where that is the
  /// second port.
  public static let agentOnFirstPort =
    "panic=-1 no_timer_check \(withoutFault) lab.agent=ttyS0"

  private static let secondPortCommandLine = "console=ttyS1,57600 " + agentOnFirstPort

  /// Ends every machine.
  ///
  /// - Returns: the CPU time that all of them took.
  @discardableResult
  public func end() async -> Duration {
    var used = Duration.zero
    for machine in machines.withLock({ $0 }) { used += await machine.end() }
    return used
  }

  /// How long the lab waits for a guest before it takes it for hung, where nobody says otherwise: far
  /// longer than the slowest computer takes.
  public static let againstHanging = Duration.seconds(600)

  /// The log of what happened.
  public var story: ScenarioLog { log }
}

extension String {
  /// The directory and the name of a path.
  fileprivate var splitAtLastSlash: (directory: Substring, name: Substring) {
    guard let slash = lastIndex(of: "/") else { return ("", self[...]) }
    return (self[..<slash], self[index(after: slash)...])
  }

  /// The words and numbers of a text, as a file name.
  fileprivate var fileName: String {
    let words = lowercased().split { !$0.isASCII || !($0.isLetter || $0.isNumber || $0 == ".") }
    return String(words.joined(separator: "-").prefix(60))
  }
}
