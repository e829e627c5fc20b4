/// Options that do not go together.
struct OptionConflict {
  let first: Option
  /// Each of these.
  let others: [Option]
  /// Why, or what to do instead.
  let advice: String

  private init(_ first: Option, _ others: [Option], _ advice: String) {
    self.first = first
    self.others = others
    self.advice = advice
  }

  static let all: [OptionConflict] = [
    // Actions. -p and -l say of which kind -u and -S speak; -f says how -e and a load go on.
    .init(
      .report, [.load, .loadPanic, .exec, .unload, .status, .force, .printCrashSize], oneAction),
    .init(.printCrashSize, [.load, .loadPanic, .exec, .unload, .status, .force], oneAction),
    .init(
      .loadJumpBackHelper,
      [.load, .loadPanic, .loadPreserveContext, .exec, .unload, .status, .force], oneAction),
    .init(.loadJumpBackHelper, [.fileSyscall], "only kexec_load can load a kernel that returns"),
    .init(.status, [.exec, .unload, .force, .loadPreserveContext], "-S only tells what is loaded"),
    .init(.unload, [.exec, .force], oneAction),
    .init(
      .unload, [.load, .loadPreserveContext],
      "a load replaces what was loaded before; use -u alone to free it"),
    .init(
      .exec, [.loadPanic], "a panic starts what -p loaded; -e starts what -l loaded"),
    .init(
      .exec, [.load, .loadPreserveContext],
      "load first, then run: kexec -l KERNEL && kexec -e; or both in one command: kexec -f KERNEL"),
    .init(
      .loadPanic, [.load],
      "-p loads the kernel that a panic starts, -l the one that -e starts: use two commands"),
    .init(
      .loadPanic, [.force], "a panic starts what -p loaded; use -f KERNEL to run a kernel now"),
    .init(
      .loadPanic, [.preserve], "a kernel that only saves a dump needs as few modules as possible"),
    // How to load.
    .init(
      .loadPreserveContext, [.loadPanic], "after a panic there is nothing to return to"),
    .init(.loadPreserveContext, [.fileSyscall], "only kexec_load can load a kernel that returns"),
    .init(
      .loadPreserveContext, [.realMode],
      "a kernel in real mode uses memory that it would have to leave unchanged"),
    .init(.realMode, [.entry32Bit], "a kernel has one entry: choose one of them"),
    .init(.realMode, [.deviceTree], "a kernel in real mode is given no device tree"),
    .init(.realMode, [.loadPanic], "after a panic there is no BIOS to call"),
    .init(
      .resetVGA, [.reuseVideoType], "after the reset the firmware's framebuffer is gone"),
  ]

  private static let oneAction = "each is an action of its own: give one at a time"

  /// Refuses `first` beside any of `given` that does not go with it.
  static func check(_ first: Option, in given: [Option]) throws(CommandError) {
    for conflict in all where conflict.first == first {
      for row in Option.table.rows
      where conflict.others.contains(row.option) && given.contains(row.option) {
        throw CommandError.usage(conflict.message(beside: row.option)).advising(conflict.advice)
      }
    }
  }

  /// What is said when `first` is given beside `other`.
  func message(beside other: Option) -> String {
    "\(first.spelling) and \(other.spelling) cannot be used together"
  }
}

extension Option {
  /// The name that people know it by: with its letter, if it has one.
  var spelling: String {
    guard let row = Self.table.row(of: self) else { return "" }
    return row.short.map { "-\($0) (\(row.name))" } ?? row.name
  }

  /// What it goes with: alone it does nothing.
  var company: String {
    switch self {
    case .fileSyscall: "-l KERNEL, -p KERNEL or -u; with -e it means --force-sync"
    case .segmentsSyscall, .automaticSyscall: "-l KERNEL, -p KERNEL or -u"
    case .entry: "--load-jump-back-helper"
    case .elf32CoreHeaders, .elf64CoreHeaders, .passMemmap, .hotplug: "-p KERNEL"
    case .dropHandover: "-l KERNEL, -f KERNEL or -e"
    case .forceSync, .noSync, .noIfdown: "-e, -f, or a KERNEL to boot into"
    case .json, .dryRun: "-l KERNEL, -p KERNEL or -S"
    case .machine: "--dry-run and -l KERNEL, or -S"
    case .architecture: "--dry-run, --machine=DIR and -l KERNEL"
    case .quiet: "-S"
    case .debug: "an action, such as -l KERNEL or -e"
    default: "-l KERNEL or -p KERNEL"
    }
  }
}
