import ByteCoding
import Glibc
import KexecABI
import Synchronization
import TestSupport

@testable import KexecCommand
@testable import KexecPlanning
@testable import LinuxSystem

/// A kernel that gives the answers of a test, and records the calls.
final class FakeKernel: Sendable {
  /// A call that changes the kernel.
  enum Call: Equatable, Sendable {
    case load(segments: Int, flags: UInt)
    case fileLoad(kernel: [UInt8]?, initrd: [UInt8]?, line: [UInt8], flags: UInt)
    case reboot(UInt32)
    case sync, lock
    case openMount(String), syncMount(String), closeMount(String)
    case setFlags(String, Int32)
    case run(String)
  }

  /// The kernel's answers. With the defaults everything succeeds.
  struct Answers: Sendable {
    /// Errors of the first calls; later calls succeed.
    var kexecLoad: [Errno?] = []
    var kexecFileLoad: [Errno] = []
    /// Changes to the files by another process during a load.
    var duringLoad: @Sendable (FileTree) -> Void = { _ in }
    var reboot: Errno?
    /// Changes to the files during the jump.
    var duringReboot: @Sendable (FileTree) -> Void = { _ in }
    /// Changes to the files while the file systems are written.
    var duringSync: @Sendable (FileTree) -> Void = { _ in }
    var openMount: [String: Errno] = [:]
    var syncMount: [String: Errno] = [:]
    /// The interfaces and their flags. `noSocket` is the error when the socket for them is opened.
    var interfaces: [String: Int32] = [:]
    var noSocket: Errno?
    var setFlags: [String: Errno] = [:]
    var run: Result<Int32, Errno> = .success(0)
    var memoryFile: Errno?
    /// How many bytes one write into a memory file takes, and what happens after `size` bytes.
    var writeSize = Int.max
    var writeLimit: (size: Int, then: Result<Int, Errno>) = (.max, .success(0))
    var logLines: [String] = []
    /// The columns of the terminal that the output and the error stream are; nil for none.
    var columns: Int?
    /// Changes to the files when a text has been written to the error stream.
    var whenSaid: @Sendable (String, FileTree) -> Void = { _, _ in }
    var environment: [String: String] = [:]
    /// The error of each write to standard output.
    var output: Errno?
    var canHoldClosedStreams = true
    var hasRandomBytes = true
    /// The value of all random bytes. It is incremented before each answer.
    var randomByte: UInt8 = 0x5A
    var counter: UInt64 = 5000
    var wallClock: UInt64 = 7_000_000_000
    /// How many bytes one write into a file takes, and what happens after `size` bytes of all writes together.
    var outputSize = Int.max
    var outputLimit: (size: Int, then: Result<Int, Errno>) = (.max, .success(0))
    /// The byte of all writes together that becomes another one on the medium.
    var damagedByte: Int?
    /// The error when a file is to be on its medium.
    var outputSync: Errno?
    /// After how many bytes the medium must have begun with them, and the error of that.
    var outputWindow: Int = .max
    var outputWriteBack: Errno?
    /// The space for files, and whether their file system is in memory.
    var space: UInt64?
    var isInMemory = false
    /// Nanoseconds that pass each time when somebody asks how long the kernel has been running.
    var sinceBootStep: UInt64 = 0
    /// Whether a limit of the output is over once it was met.
    var isOutputLimitOnce = false
    /// The signal that has come when so many bytes have been written into files.
    var interrupt: (size: Int, number: Int32) = (.max, 0)
  }

  private struct State {
    var answers: Answers
    var calls: [Call] = []
    var output = ""
    var errors = ""
    var announced: [String] = []
    var logged: [String] = []
    var lostFileTexts: [String] = []
    var written = 0
    var saved = 0
    var age: UInt64 = 1_000_000
    var mounts: [String] = []
  }

  /// The kernel's files. Those that the program makes are removed with them.
  let tree: TemporaryTree
  private let state: Mutex<State>

  /// A kernel with the files of a machine where everything works, changed by `others`: nil removes
  /// a file.
  init(
    _ others: [String: [UInt8]?] = [:], _ change: (inout Answers) -> Void = { _ in }
  ) {
    var files: [String: [UInt8]?] = Self.files.mapValues { Array($0.utf8) }
    files["/vmlinuz"] = BzImageBuilder().bytes
    files["/sys/kernel/boot_params/data"] = [UInt8](repeating: 0, count: 4096)
    files.merge(others) { $1 }
    tree = TemporaryTree(bytes: files.compactMapValues(\.self))
    var answers = Answers()
    change(&answers)
    state = Mutex(State(answers: answers))
  }

  deinit {
    for path in Self.made { FileTree(root: tree.path).remove(path) }
  }

  /// Ordinary files, by path. The empty ones make directories for files that the program writes.
  static let files = [
    "/proc/iomem": "00001000-0009ffff : System RAM\n00100000-5ffdffff : System RAM\n",
    "/proc/cmdline": "BOOT_IMAGE=/vmlinuz root=/dev/vda1\n",
    "/proc/self/status": "CapEff:\t000001ffffffffff\n",
    "/proc/self/mountinfo": "21 1 254:1 / / rw - ext4 /dev/vda1 rw\n",
    "/sys/kernel/kexec_loaded": "1\n", "/sys/kernel/kexec_crash_loaded": "0\n",
    "/sys/kernel/kexec_crash_size": "0\n", "/sys/class/net/eth0/flags": "0x1003\n",
    "/run/utmp": "", "/var/lib/dpkg": "", "/initrd": "first", "/initrd2": "second",
  ]

  private static let made = [
    LoadRecords.path(of: .reboot), LoadRecords.path(of: .crash), LoadRecords.jump,
  ]
}

extension FakeKernel {
  /// The calls so far.
  var calls: [Call] { state.withLock { $0.calls } }
  /// The contents of the standard streams so far.
  var output: String { state.withLock { $0.output } }
  var errors: String { state.withLock { $0.errors } }
  /// The texts that would have appeared on the terminal after a second.
  var announced: [String] { state.withLock { $0.announced } }
  /// The lines written into the kernel's log so far.
  var logged: [String] { state.withLock { $0.logged } }
  /// The texts that would have been printed if a file became shorter, in order of time.
  var lostFileTexts: [String] { state.withLock { $0.lostFileTexts } }
  /// The files, as the program sees them.
  var files: FileTree { FileTree(root: tree.path) }

  /// The record of the loaded kernel.
  var record: LoadRecord? { LoadRecords(files: files).record(of: .reboot) }

  /// Runs the program with the words of `line`, in which `@` is the directory of the files.
  func run(_ line: String) -> ExitCode {
    run(words: line.split(separator: " ").map(String.init))
  }

  /// Runs the program with `words`.
  func run(words: [String]) -> ExitCode {
    let before = output.utf8.count
    let exit = Command.run(["kexec"] + words.map { $0.replacing("@", with: tree.path) }, on: value)
    JSONDocuments.keep(String(decoding: output.utf8.dropFirst(before), as: UTF8.self))
    return exit
  }

  private func record(_ call: Call) {
    state.withLock { $0.calls.append(call) }
  }

  private func answer<Result>(_ find: (inout Answers) -> Result) -> Result {
    state.withLock { find(&$0.answers) }
  }

  /// The value that the program gets.
  var value: LinuxKernel {
    var kernel = ordinary
    kernel.outputs = outputs
    return kernel
  }

  private var ordinary: LinuxKernel {
    LinuxKernel(
      files: files, kexec: kexec, fileSystems: fileSystems,
      network: NetworkInterfaces {
        if let errno = self.answer({ $0.noSocket }) { return .failure(errno) }
        return .success(self.interfaces)
      }, memoryFiles: memoryFiles,
      log: KernelLog {
        { self.answer { $0.logLines } }
      } timeOfMessage: { start in
        start == "Run " ? 2_000_000 : nil
      } write: { line in
        self.state.withLock { $0.logged.append(line) }
      },
      clocks: Clocks {
        self.answer { $0.counter }
      } wallClock: {
        self.answer { $0.wallClock }
      } sinceBoot: {
        self.state.withLock {
          $0.age += $0.answers.sinceBootStep
          return $0.age
        }
      } countsPerNanosecond: {
        1
      }, process: process,
      signals: Signals { text, _ in
        self.state.withLock { $0.announced.append(text) }
      } sayNothing: {
      } exitOnLostFile: { text in
        self.state.withLock { $0.lostFileTexts.append(text) }
      } endOnLostFile: {
      } surviveBrokenPipes: {
      } noteInterrupts: {
      } interrupt: {
        self.state.withLock {
          $0.saved >= $0.answers.interrupt.size ? $0.answers.interrupt.number : 0
        }
      },
      streams: StandardStreams { text in
        self.state.withLock {
          if $0.answers.output == nil { $0.output += text }
          return $0.answers.output
        }
      } writeError: { text in
        self.state.withLock { $0.errors += text }
        self.answer { $0.whenSaid }(text, self.files)
      } columns: { _ in
        self.answer { $0.columns }
      } holdClosed: {
        self.answer { $0.canHoldClosedStreams }
      })
  }

  private var kexec: KexecCalls {
    KexecCalls { _, segments, flags in
      self.record(.load(segments: segments.count, flags: flags))
      if !segments.isEmpty { self.answer { $0.duringLoad }(self.files) }
      return self.answer { $0.kexecLoad.isEmpty ? nil : $0.kexecLoad.removeFirst() }
    } kexecFileLoad: { kernel, initrd, line, flags in
      self.record(
        .fileLoad(
          kernel: kernel?.bytes.array, initrd: initrd?.bytes.array, line: line, flags: flags))
      if kernel != nil { self.answer { $0.duringLoad }(self.files) }
      return self.answer { $0.kexecFileLoad.isEmpty ? nil : $0.kexecFileLoad.removeFirst() }
    } reboot: { command in
      self.record(.reboot(command))
      self.answer { $0.duringReboot }(self.files)
      return self.answer { $0.reboot }
    }
  }

  private var fileSystems: FileSystems {
    FileSystems {
      self.record(.sync)
      self.answer { $0.duringSync }(self.files)
    } openMount: { path in
      self.record(.openMount(path))
      if let errno = self.answer({ $0.openMount[path] }) { return .failure(errno) }
      return self.state.withLock {
        $0.mounts.append(path)
        return .success(Int32($0.mounts.count))
      }
    } syncMount: { number in
      let path = self.mount(number)
      self.record(.syncMount(path))
      return self.answer { $0.syncMount[path] }
    } closeMount: { number in
      self.record(.closeMount(self.mount(number)))
    }
  }

  private func mount(_ number: Int32) -> String {
    state.withLock { $0.mounts[Int(number) - 1] }
  }

  private var interfaces: NetworkInterfaces.Calls {
    NetworkInterfaces.Calls { name in
      self.answer { $0.interfaces[name].map { .success($0) } ?? .failure(.noDevice) }
    } setFlags: { name, flags in
      self.record(.setFlags(name, flags))
      return self.answer {
        if let errno = $0.setFlags[name] { return errno }
        $0.interfaces[name] = flags
        return nil
      }
    }
  }

  private var memoryFiles: MemoryFiles {
    MemoryFiles { name in
      if let errno = self.answer({ $0.memoryFile }) { return .failure(errno) }
      return MemoryFiles.running.create(name)
    } write: { number, bytes in
      let (size, left, then) = self.state.withLock {
        let limit = $0.answers.writeLimit
        return ($0.answers.writeSize, limit.size - $0.written, limit.then)
      }
      guard left > 0, let part = try? bytes.slice(0..<min(bytes.count, size, left)) else {
        return then
      }
      self.state.withLock { $0.written += part.count }
      return MemoryFiles.running.write(number, part)
    }
  }

  private var outputs: OutputCalls {
    OutputCalls(window: answer { $0.outputWindow }) { number, bytes, offset in
      let (size, left, then) = self.state.withLock {
        let limit = $0.answers.outputLimit
        return ($0.answers.outputSize, limit.size - $0.saved, limit.then)
      }
      guard left > 0 else {
        self.state.withLock {
          if $0.answers.isOutputLimitOnce { $0.answers.outputLimit.size = .max }
        }
        return then
      }
      let count = min(bytes.byteCount, size, left)
      let (start, damaged) = self.state.withLock {
        $0.saved += count
        return ($0.saved - count, $0.answers.damagedByte)
      }
      if let damaged, (start..<(start + count)).contains(damaged) {
        var changed = (0..<count).map {
          unsafe bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self)
        }
        changed[damaged - start] ^= 0x10
        let shared = SharedBytes(changed)
        return OutputCalls.running.write(number, shared.span, offset)
      }
      return OutputCalls.running.write(number, bytes.extracting(0..<count), offset)
    } writeBack: { _ in
      self.answer { $0.outputWriteBack }
    } sync: { _ in
      self.answer { $0.outputSync }
    } freeSpace: { number in
      self.answer { $0.space } ?? OutputCalls.running.freeSpace(number)
    } isInMemory: { _ in
      self.answer { $0.isInMemory }
    }
  }

  private var process: LinuxSystem.Process {
    LinuxSystem.Process { count in
      self.answer { answers -> [UInt8]? in
        guard answers.hasRandomBytes else { return nil }
        answers.randomByte &+= 1
        return [UInt8](repeating: answers.randomByte, count: count)
      }
    } environment: { name in
      self.answer { $0.environment[name] }
    } evictProgram: {
    } lockInMemory: {
      self.record(.lock)
    } run: { program, arguments in
      self.record(.run(([program] + arguments).joined(separator: " ")))
      return self.answer { $0.run }
    }
  }
}

extension LoadRecord {
  /// The bytes of a load's record with this memory map.
  static func bytes(
    memoryMap: String? = nil, isStamped: Bool = false, returns: Bool = false
  ) -> [UInt8] {
    let record = LoadRecord(
      time: 1, call: .segments, release: "6.1.0", kernel: "/vmlinuz", commandLine: "quiet",
      memoryMap: memoryMap, isStamped: isStamped, returns: returns)
    return Array(record.text.utf8)
  }
}
