internal import ByteCoding
internal import KexecABI

/// What was recorded about a loaded kernel when it was loaded.
struct LoadRecord {
  /// The boot in which it was loaded, from `/proc/sys/kernel/random/boot_id`; nil if that was
  /// unreadable.
  var boot: String?
  /// When it was loaded, in seconds since 1970.
  var time: UInt64
  /// The system call that loaded it.
  var call: LoadCall
  /// The kernel's release; nil if its file does not contain one.
  var release: String?
  /// The path of the kernel file.
  var kernel: String
  /// The paths of the initrds, in order.
  var initrds: [String] = []
  /// The command line that the kernel gets.
  var commandLine: String
  /// The ranges of RAM at load time; nil if unknown.
  var memoryMap: String?
  /// The state kept by a kexec handover (KHO) that the load gives up, as texts.
  var givenUp: [String] = []
  /// Whether it got time stamps.
  var isStamped = false
  /// Whether it can return to the running kernel.
  var returns = false
}

// The format: lines "KEY VALUE", the first of which is "kexec-load 1". Readers skip keys that they
// do not know; a change that would mislead older programs gets a new number.

extension LoadRecord {
  /// The version of the format that this program writes, and the only one that it reads.
  static let version = "1"
  private static let title = "kexec-load "

  /// The record in its file format.
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
    // The command line is not the last line, because trailing spaces in it count.
    add("kernel", kernel)
    if isStamped { lines.append("stamped") }
    if returns { lines.append("returns") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The version of the format of `text`; nil if it is not a record.
  static func version(of text: String) -> String? {
    text.lines(after: title).first.map(String.init)
  }

  /// Parses `text`; nil if it is not a record of this version.
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

  /// A value in one line. Command lines and file names may contain newlines, which are replaced by
  /// a byte that neither contains.
  private static func escaped(_ value: String) -> String {
    String(lossless: value.losslessBytes.map { $0 == 0x0A ? 0x01 : $0 })
  }

  private static func unescaped(_ value: Substring) -> String {
    String(lossless: value.losslessBytes.map { $0 == 0x01 ? 0x0A : $0 })
  }
}
