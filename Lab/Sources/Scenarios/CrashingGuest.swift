import LabKit

/// A guest with two processors that is about to crash.
struct CrashingGuest {
  let guest: Guest
  let witness: CrashWitness

  /// A process that waits until it may do what it is for.
  struct Process {
    let name: String
    let number: Int
    let processor: Int
    /// Lets it go on.
    let start: String
  }

  /// Boots `kernel` and loads a crash kernel. With the module that makes it crash, and a second one.
  init(_ lab: Lab, _ kernel: Kernel, withModule: Bool) async throws {
    var files: [String: [UInt8]] = [:]
    if withModule {
      files = try lab.crashModule(of: kernel)
      files.merge(try lab.modules(["kernel/drivers/net/dummy.ko"], of: kernel)) { $1 }
    }
    // What a kernel says inside an NMI before it dies is not on the console, only in the memory.
    guest = try await lab.boot(
      kernel, memory: 512, cpus: 2, commandLine: "crashkernel=160M", carrying: [.lab], files: files,
      sharesMemory: true)
    try await guest.skipUnlessOffered("dump")
    if withModule { try await guest.run("insmod /lab_crash.ko && modprobe dummy numdummies=0") }
    try await guest.run(loadCrashKernel(.lab))
    witness = try await CrashWitness(of: guest)
  }

  /// Starts a process of this name, bound to a processor, which waits, and then runs `action` itself.
  func process(_ name: String, on processor: Int, doing action: String) async throws -> Process {
    let pipe = "/run/process\(processor)"
    let number = try await guest.run(
      """
      set -e
      mkfifo \(pipe) \(pipe)-ready
      (
        printf %s '\(name)' >/proc/self/comm
        echo >\(pipe)-ready
        read -r word <\(pipe)
        \(action)
      ) >/dev/null 2>&1 </dev/null &
      taskset -p \(1 << processor) $! >/dev/null
      read -r word <\(pipe)-ready
      echo $!
      """
    ).text
    guard let number = Int(number) else { throw Failure("no process has the number \(number)") }
    try await guest.mustSay(name, when: "cat /proc/\(number)/comm")
    try await guest.mustSay(
      "Cpus_allowed_list:\t\(processor)", when: "grep Cpus_allowed_list /proc/\(number)/status")
    return Process(name: name, number: number, processor: processor, start: "echo >\(pipe)")
  }

  /// Crashes by `command`, or by an NMI, and reads the dump.
  ///
  /// - `lastWords`: a line that is not on the console, only in the memory.
  func crash(by command: String?, lastWords: String? = nil) async throws -> CrashFindings {
    let start = guest.endOfConsole
    let crash =
      if let command {
        try await guest.jump(command, returns: true)
      } else {
        try await guest.jumpByNMI()
      }
    try crash.mustBe(.lab)
    // Before anything reads the log, which would leave copies.
    var said = guest.console(from: start)
    if let lastWords { said += try crash.texts(around: lastWords) }
    // For whoever reads the log of this scenario.
    try await crash.run("kexec dump log /proc/vmcore | tail -n 70")
    let (report, text) = try await crash.dumpReport()
    return CrashFindings(
      witness: witness, said: said, isConsole: lastWords == nil, report: report, text: text,
      processorCount: try await crash.coreDump().processorCount,
      end: UInt64(try await crash.run("date +%s").text) ?? 0)
  }
}
