internal import ByteCoding
package import LinuxSystem

/// The user and the program that have started this program, as far as the kernel and sudo tell.
package struct Caller: Sendable {
  /// The user whose rights the process has, by number; nil when that cannot be read.
  package let user: String?
  /// The user who has logged in, by number, which stays through `su` and `sudo`; nil for services.
  /// `/proc/self/loginuid`.
  package let login: String?
  /// The user who called sudo, by name.
  package let sudoer: String?
  /// The program that has started this one, and its process number.
  package let parent: String?

  /// Reads who runs the process that `files` call `self`.
  package init(in files: FileTree) {
    let status = files.text("/proc/self/status") ?? ""
    func field(_ name: String) -> String? {
      status.lines(after: name).first?.parts(0x09).first.map(String.init)
    }
    user = field("Uid:")
    // Minus one means nobody.
    login = files.text("/proc/self/loginuid").flatMap { $0 == "4294967295" ? nil : $0 }
    let environment = (try? files.read("/proc/self/environ")) ?? []
    sudoer = String(lossless: environment.map { $0 == 0 ? 0x0A : $0 })
      .lines(after: "SUDO_USER=").first.map(String.init)
    parent = field("PPid:").map { number in
      (files.text("/proc/\(number)/comm").map { "\($0) " } ?? "") + number
    }
  }
}
