/// Everything that the program uses of the running kernel and of its own process: files, system calls,
/// clocks, streams.
///
/// The program gets one such value and uses nothing else of the system. Tests pass another one, which can
/// answer with every error and every partial result.
package struct LinuxKernel: Sendable {
  /// The files below /proc, /sys and /dev, and the load records below /run and /var/lib.
  package var files: FileTree
  /// Loading, unloading and running a kernel.
  package var kexec: KexecCalls
  /// Writing the mounted file systems.
  package var fileSystems: FileSystems
  /// Taking network interfaces down and up.
  package var network: NetworkInterfaces
  /// Files in memory.
  package var memoryFiles: MemoryFiles
  /// The kernel's log.
  package var log: KernelLog
  /// The computer's clocks.
  package var clocks: Clocks
  /// This process, random numbers, and programs that it starts.
  package var process: Process
  /// What the process prints when it gets a signal.
  package var signals: Signals
  /// The standard streams.
  package var streams: StandardStreams
  /// Writing files.
  package var outputs = OutputCalls.running
  /// The name by which this program was called: the last part of its first argument.
  package var programName = "kexec"

  /// A kernel with these parts.
  package init(
    files: FileTree, kexec: KexecCalls, fileSystems: FileSystems, network: NetworkInterfaces,
    memoryFiles: MemoryFiles, log: KernelLog, clocks: Clocks, process: Process, signals: Signals,
    streams: StandardStreams
  ) {
    self.files = files
    self.kexec = kexec
    self.fileSystems = fileSystems
    self.network = network
    self.memoryFiles = memoryFiles
    self.log = log
    self.clocks = clocks
    self.process = process
    self.signals = signals
    self.streams = streams
  }

  /// The kernel that runs this process.
  package static let running = LinuxKernel(
    files: .running, kexec: .running, fileSystems: .running, network: .running,
    memoryFiles: .running, log: .running, clocks: .running, process: .running, signals: .running,
    streams: .running)
}
