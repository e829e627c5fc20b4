@testable import KexecCommand
import KernelImages

/// What completion offers for the value of an option.
enum CompletedValue: Equatable {
  /// Nothing: only the user knows it.
  case nothing
  case words([String])
  case file, directory
  /// An initrd: first that of the kernel which is named before.
  case initrd

  /// The words that an option takes, by its name.
  static let words: [String: [String]] = [
    "type": ImageType.allCases.map(\.rawValue),
    "digest": ["komihash", "sha256"],
    "arch": ["x86_64"],
    "format": ["kdump", "elf", "dmesg", "raw", "kmsg"],
    "compress": ["zstd", "zlib", "none"],
    "if-full": ["log-only", "raise-level", "fail"],
    "log-level": ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"],
    "serial": ["ttyS0", "ttyS1", "ttyS2", "ttyS3"],
    "serial-baud": ["0", "9600", "19200", "38400", "57600", "115200"],
  ]
  /// Options that can be given several times.
  static let repeated: Set<String> = ["initrd", "module", "append"]

  /// What is offered for the value of `option`; nil when it has none.
  init?(of option: OptionText) {
    guard let value = option.value else { return nil }
    if let words = Self.words[option.long[0]] {
      self = .words(words)
    } else if option.long[0] == "initrd" {
      self = .initrd
    } else if value.hasPrefix("FILE") {
      self = .file
    } else if value == "DIR" {
      self = .directory
    } else if value.allSatisfy(\.isLowercase) {
      // What stands for it is the value itself.
      self = .words([value])
    } else {
      self = .nothing
    }
  }
}

extension OptionText {
  /// All that the user can type for it: `-l`, `--load`.
  var spellings: [String] { (short.map { ["-\($0)"] } ?? []) + long.map { "--" + $0 } }
}
