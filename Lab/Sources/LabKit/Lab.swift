import Foundation
import Synchronization

/// The default processor of a machine, in QEMU's terms: everything that TCG supports, except
/// five-level paging, which only makes it slower.
public let defaultProcessor = "max,la57=off"

/// A processor with five-level paging.
public let fiveLevelProcessor = "max,la57=on"

/// TCG of QEMU 7.2 corrupts the flags if an interrupt comes right after cmpxchg16b: once in
/// hundreds of boots a kernel dies of a double fault in its allocator, whichever program started
/// it. So Linux is told not to use that instruction (X86_FEATURE_CX16, by number for all kernels);
/// programs may use it.
private let withoutFault = "clearcpuid=141"

/// The lab of one scenario: it boots machines, and ends them when the scenario is over.
public final class Lab: Sendable {
  /// The program under test.
  public let tool: Tool
  /// More programs that every guest gets under these names: a benchmark compares with them.
  let programs: [(name: String, tool: Tool)]
  let workshop: Workshop
  let log: ScenarioLog
  /// The seed for the random addresses of loads, so that a run can be repeated.
  public let seed: Int
  private let name: String
  private let machines = Mutex<[VirtualMachine]>([])

  /// A lab for one scenario. `name` is a part of file names.
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
  /// - `kernels`: they are in /boot of the guest. There is also `initrd`, for the next kernel: it
  ///   contains the same agent and programs, and `nextFiles`.
  /// - `isChain`: there is no such initrd, because every kernel passes its own to the next one.
  /// - `files`: files for this guest only.
  /// - `system`: a system on a disk gets the same files.
  /// - `hasEmptyDisk`: /dev/nvme0n1 is a disk of zeros.
  /// - `disk`: it is this one, which keeps what the guest writes.
  /// - `isConsoleSecond`: the kernel's console is the second port, at 57600 baud, and the agent has
  ///   the first.
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
    disk: Disk? = nil,
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
      disk: hasEmptyDisk
        ? try emptyDisk(in: directory) : try disk?.drive ?? system.disk(in: workshop),
      isDiskKept: disk != nil, mayReset: mayReset, isConsoleSecond: isConsoleSecond,
      isMemoryShared: sharesMemory,
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

  /// A directory of this computer for files that only this scenario needs.
  public func directory(_ name: String) throws -> String {
    let path = "\(workshop.scratch)/\(self.name)-files/\(name)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }

  /// Makes a disk of 64 MiB, all zeros.
  private func emptyDisk(in directory: String) throws -> String {
    let path = directory + "/disk"
    try Data().write(to: URL(fileURLWithPath: path))
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    try file.truncate(atOffset: 64 << 20)
    try file.close()
    return path
  }

  /// Files for a guest: these modules of `kernel`, which must not depend on others, and the list
  /// with which modprobe finds them.
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

  /// A file for guests: the module with which `kernel` can be made to crash, of `script/crash-module`.
  public func crashModule(of kernel: Kernel) throws -> [String: [UInt8]] {
    let directory = URL(fileURLWithPath: try kernel.modules(in: workshop)).lastPathComponent
    let path = "\(workshop.crashModule)/\(directory)/lab_crash.ko"
    guard let contents = FileManager.default.contents(atPath: path) else {
      throw Skip("script/crash-module has not run")
    }
    return ["lab_crash.ko": Array(contents)]
  }

  /// What `script/test` has put there of packages: in /opt of a guest, the Debian packages, and the
  /// script of sid's kexec-tools that loads a kernel.
  public func packages() throws -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for name in ["kexec-swift.deb", "kexec-swift-makedumpfile.deb", "kexec-load-kernel"] {
      guard let contents = FileManager.default.contents(atPath: ".lab/\(name)") else {
        throw Skip("there is no .lab/\(name): script/test makes it")
      }
      files["opt/\(name)"] = Array(contents)
    }
    return files
  }

  /// Another program, of this computer.
  public func tool(path: String) throws -> Tool { try Tool(path: path, workshop: workshop) }

  /// Pseudo-random bytes, determined by the seed.
  public func randomBytes(_ count: Int) -> [UInt8] {
    var state = UInt64(seed)
    return (0..<count).map { _ in
      // Knuth's MMIX generator; its high bits are the most random.
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 56)
    }
  }

  /// The parameters of every kernel: both consoles, a reset after a panic, and no panic if a timer
  /// interrupt comes late, which happens when this computer is busy.
  public static let commandLine =
    "console=ttyS0 earlyprintk=ttyS0,115200 panic=-1 no_timer_check \(withoutFault)"

  /// The parameters of a kernel whose console is the second port, if nothing else tells it the
  /// port.
  public static let agentOnFirstPort =
    "panic=-1 no_timer_check \(withoutFault) lab.agent=ttyS0"

  private static let secondPortCommandLine = "console=ttyS1,57600 " + agentOnFirstPort

  /// Ends all machines, and removes the files of this scenario.
  ///
  /// - Returns: the CPU time that they used together.
  @discardableResult
  public func end() async -> Duration {
    var used = Duration.zero
    for machine in machines.withLock({ $0 }) { used += await machine.end() }
    try? FileManager.default.removeItem(atPath: "\(workshop.scratch)/\(name)-files")
    return used
  }

  /// The default time after which a guest is taken for hung: far more than the slowest computer
  /// needs.
  public static let againstHanging = Duration.seconds(600)

  /// The log of the scenario.
  public var story: ScenarioLog { log }
}

extension String {
  /// The directory and the file name of a path.
  fileprivate var splitAtLastSlash: (directory: Substring, name: Substring) {
    guard let slash = lastIndex(of: "/") else { return ("", self[...]) }
    return (self[..<slash], self[index(after: slash)...])
  }

  /// The letters and digits of a text, as a file name.
  fileprivate var fileName: String {
    let words = lowercased().split { !$0.isASCII || !($0.isLetter || $0.isNumber || $0 == ".") }
    return String(words.joined(separator: "-").prefix(60))
  }
}
