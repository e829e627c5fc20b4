internal import ByteCoding
internal import KexecABI

/// What is known of a loaded kernel, as it was written down when it was loaded.
struct LoadRecord {
  /// The boot that it was loaded in, by `/proc/sys/kernel/random/boot_id`; nil when that cannot be read.
  var boot: String?
  /// When, in seconds since 1970.
  var time: UInt64
  /// By which call.
  var call: LoadCall
  /// The kernel's release; nil when its file does not tell.
  var release: String?
  /// The kernel's file.
  var kernel: String
  /// The initrds' files, in order.
  var initrds: [String] = []
  /// The command line that it gets.
  var commandLine: String
  /// Which RAM there was; nil when that is not known.
  var memoryMap: String?
  /// What of a kexec handover was given up for it, by its texts.
  var givenUp: [String] = []
  /// Whether it was given stamps.
  var isStamped = false
  /// Whether it can return to the running kernel.
  var returns = false
}

// Written as lines "KEY VALUE", the first of which is "kexec-load 1". Who reads it passes over keys that
// it does not know; what would mean something else to older programs gets another number.

extension LoadRecord {
  /// The format that this program writes, and the only one that it reads.
  static let version = "1"
  private static let title = "kexec-load "

  /// The record as it is written down.
  var text: String {
    var lines = [Self.title + Self.version, "time \(time)", "call \(call.name)"]
    func add(_ key: String, _ value: String?) {
      if let value { lines.append("\(key) \(Self.escaped(value))") }
    }
    add("boot", boot)
    add("command-line", commandLine)
    add("release", release)
    add("memory-map", memoryMap)
    givenUp.forEach { add("given-up", $0) }
    initrds.forEach { add("initrd", $0) }
    // Not the command line last, whose spaces at the end count.
    add("kernel", kernel)
    if isStamped { lines.append("stamped") }
    if returns { lines.append("returns") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Which format `text` has; nil when it is no record.
  static func version(of text: String) -> String? {
    text.lines(after: title).first.map(String.init)
  }

  /// Reads what `text` has; nil when it is no record of this format.
  init?(_ text: String) {
    guard Self.version(of: text) == Self.version else { return nil }
    func values(_ key: String) -> [String] { text.lines(after: key + " ").map(Self.unescaped) }
    boot = values("boot").first
    time = values("time").first.flatMap { UInt64($0) } ?? 0
    call = values("call").first == LoadCall.file.name ? .file : .segments
    release = values("release").first
    kernel = values("kernel").first ?? ""
    initrds = values("initrd")
    commandLine = values("command-line").first ?? ""
    memoryMap = values("memory-map").first
    givenUp = values("given-up")
    isStamped = !text.lines(after: "stamped").isEmpty
    returns = !text.lines(after: "returns").isEmpty
  }

  /// A value in one line: command lines and names of files may have several, which are joined by a byte
  /// that neither has.
  private static func escaped(_ value: String) -> String {
    String(lossless: value.losslessBytes.map { $0 == 0x0A ? 0x01 : $0 })
  }

  private static func unescaped(_ value: Substring) -> String {
    String(lossless: value.losslessBytes.map { $0 == 0x01 ? 0x0A : $0 })
  }
}
