import Foundation
import Synchronization

/// The hardware of a virtual machine.
struct MachineParts: Sendable {
  var firmware: Firmware
  /// Memory in MiB.
  var memory: Int
  var cpus: Int
  /// The processor, in QEMU's terms. The default is everything that TCG supports, except five-level
  /// paging, which only makes it slower.
  var processor: String
  var kernel: String
  var initrd: String
  var commandLine: String
  /// The path of the disk's file. Unless `isDiskKept` it is never changed: what the guest writes
  /// belongs to this machine, and is discarded with it.
  var disk: String?
  /// Whether what the guest writes is in the disk's file.
  var isDiskKept: Bool
  /// Whether a reset starts the firmware again. Otherwise it ends the machine, and the scenario
  /// fails.
  var mayReset: Bool
  /// Whether the kernel's console is the second serial port, and the agent's the first.
  var isConsoleSecond: Bool
  /// Whether the guest's memory is a file that the lab can read and change while the guest runs.
  var isMemoryShared: Bool
  /// Whether there is a VGA.
  var hasVGA: Bool
  /// Whether the program under test is ours.
  var isToolOurs: Bool
}

/// A QEMU process with two serial ports: the kernel's console and the agent's.
final class VirtualMachine: Sendable {
  let console: SerialPort
  let agent: SerialPort
  let log: ScenarioLog
  /// Whether the program under test is ours.
  let isToolOurs: Bool
  /// The path of the file that is the guest's memory, if `isMemoryShared`.
  let memoryFile: String
  private let directory: String
  private let process: ChildProcess
  private let lastCommand = Mutex(0)

  /// Starts a machine. Its sockets and its memory are in `directory`.
  init(_ parts: MachineParts, directory: String, log: ScenarioLog, workshop: Workshop) async throws
  {
    self.directory = directory
    self.log = log
    isToolOurs = parts.isToolOurs
    let meter = CPUMeter()
    memoryFile = directory + "/memory"
    console = try SerialPort(
      path: directory + "/console",
      transcript: Transcript(meter: meter) { log.write("console", $0.text, at: $0.moment.time) })
    agent = try SerialPort(path: directory + "/agent", transcript: Transcript(meter: meter))
    let arguments = try Self.arguments(parts, directory: directory, workshop: workshop)
    log.write("lab", arguments.joined(separator: " "))
    process = try await ChildProcess.start(arguments, output: directory + "/qemu")
    process.withID(meter.attach)
  }

  /// A number for the next command, by which its answer is recognised.
  func nextCommand() -> Int {
    lastCommand.withLock { last in
      last += 1
      return last
    }
  }

  /// Writes the processors' registers into the log, to show where a machine hangs.
  func logRegisters() async {
    guard let text = try? await ask("info registers -a") else { return }
    log.write("monitor", text.replacing("\r", with: ""))
  }

  /// Sends an NMI to all processors. Linux lets only the first one take it.
  func sendNMI() async throws { try await order("nmi") }

  /// Gives QEMU's monitor a command.
  func order(_ command: String) async throws {
    log.write("monitor", try await ask(command))
  }

  /// Gives the monitor a command, and waits until it has carried it out, half a minute at most. QEMU drops what it has not
  /// read when the connection ends.
  private func ask(_ command: String) async throws -> String {
    guard let monitor = FileHandle.connect(to: directory + "/monitor") else { throw MachineGone() }
    try monitor.write(contentsOf: Data("\(command)\n".utf8))
    var text = ""
    for _ in 0..<600 {
      try? await Task.sleep(for: .milliseconds(50))
      text += String(decoding: try monitor.readAvailable(), as: UTF8.self)
      // A prompt comes before the command, and one after it.
      if text.components(separatedBy: "(qemu) ").count > 2 { return text }
    }
    throw Failure("QEMU did not carry out \(command) within 30 seconds: it said \(text)")
  }

  /// The characters in the text memory of the VGA; empty if there is no VGA.
  ///
  /// - Throws: `MachineGone`.
  func screen() async throws -> String {
    let path = directory + "/screen"
    // 25 lines of 80 characters, each a byte for the character and one for its colours.
    _ = try await ask("pmemsave 0xb8000 4000 \(path)")
    let cells = FileManager.default.contents(atPath: path).map(Array.init) ?? []
    let letters = stride(from: 0, to: cells.count, by: 2).map { cells[$0] }
    return String(decoding: letters.map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
  }

  /// Ends QEMU and frees its resources.
  ///
  /// - Returns: the CPU time that it used.
  func end() async -> Duration {
    await process.end()
    let words = (try? String(contentsOfFile: directory + "/qemu", encoding: .utf8)) ?? ""
    if !words.isEmpty { log.write("qemu", words) }
    try? FileManager.default.removeItem(atPath: directory)
    return process.cpuTime
  }

  private static func arguments(
    _ parts: MachineParts, directory: String, workshop: Workshop
  ) throws -> [String] {
    var arguments = ["qemu-system-x86_64", "-accel", "tcg", "-nodefaults", "-display", "none"]
    arguments += ["-cpu", parts.processor, "-smp", "\(parts.cpus)", "-m", "\(parts.memory)"]
    arguments += ["-kernel", parts.kernel, "-initrd", parts.initrd, "-append", parts.commandLine]
    for port in parts.isConsoleSecond ? ["agent", "console"] : ["console", "agent"] {
      arguments += ["-chardev", "socket,id=\(port),path=\(directory)/\(port)"]
      arguments += ["-serial", "chardev:\(port)"]
    }
    arguments += ["-monitor", "unix:\(directory)/monitor,server=on,wait=off"]
    if parts.hasVGA { arguments += ["-vga", "std"] }
    if let disk = parts.disk {
      let snapshot = parts.isDiskKept ? "off" : "on"
      arguments += ["-drive", "if=none,id=disk,format=raw,snapshot=\(snapshot),file=\(disk)"]
      arguments += ["-device", "nvme,id=nvme,serial=lab,drive=disk"]
    }
    if !parts.mayReset { arguments.append("-no-reboot") }
    if parts.isMemoryShared {
      let backend = "memory-backend-file,id=memory,share=on,size=\(parts.memory)M"
      arguments += ["-object", "\(backend),mem-path=\(directory)/memory"]
      arguments += ["-machine", "pc,memory-backend=memory"]
    }
    if parts.firmware == .uefi {
      let ovmf = workshop.debian + "/usr/share/OVMF"
      let variables = directory + "/variables"
      try FileManager.default.copyItem(atPath: ovmf + "/OVMF_VARS.fd", toPath: variables)
      let flash = "if=pflash,format=raw,"
      arguments += ["-drive", flash + "readonly=on,file=\(ovmf)/OVMF_CODE.fd"]
      arguments += ["-drive", flash + "file=\(variables)"]
    }
    return arguments
  }
}
