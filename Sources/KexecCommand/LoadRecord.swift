internal import ByteCoding
internal import KexecABI

/// What is known of a loaded kernel, as it was written down when it was loaded.
struct LoadRecord: Equatable {
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
    add("release", release)
    add("kernel", kernel)
    initrds.forEach { add("initrd", $0) }
    add("command-line", commandLine)
    add("memory-map", memoryMap)
    givenUp.forEach { add("given-up", $0) }
    if isStamped { lines.append("stamped") }
    if returns { lines.append("returns") }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Which format `text` has; nil when it is no record.
  static func version(of text: String) -> String? {
    guard let first = text.split(separator: "\n").first, first.hasPrefix(title) else { return nil }
    return String(first.dropFirst(title.count))
  }

  /// Reads what `text` has; nil when it is no record of this format.
  init?(_ text: String) {
    guard Self.version(of: text) == Self.version else { return nil }
    self.init(time: 0, call: .segments, kernel: "", commandLine: "")
    for line in text.split(separator: "\n").dropFirst() {
      let key = line.prefix { $0 != " " }
      let value = Self.unescaped(line.dropFirst(key.count + 1))
      switch key {
      case "time": time = UInt64(value) ?? 0
      case "call": call = value == LoadCall.file.name ? .file : .segments
      case "boot": boot = value
      case "release": release = value
      case "kernel": kernel = value
      case "initrd": initrds.append(value)
      case "command-line": commandLine = value
      case "memory-map": memoryMap = value
      case "given-up": givenUp.append(value)
      case "stamped": isStamped = true
      case "returns": returns = true
      default: break
      }
    }
  }

  /// A value in one line: command lines and names of files may have several.
  private static func escaped(_ value: String) -> String {
    var text = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  private static func unescaped(_ value: Substring) -> String {
    var text = ""
    var isEscaped = false
    for scalar in value.unicodeScalars {
      if !isEscaped, scalar == "\\" {
        isEscaped = true
        continue
      }
      text.unicodeScalars.append(isEscaped && scalar == "n" ? "\n" : scalar)
      isEscaped = false
    }
    return text
  }
}
