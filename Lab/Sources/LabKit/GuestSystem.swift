import Foundation

/// What runs in a guest above the kernel.
public enum GuestSystem: Sendable {
  /// Busybox and the agent, all in the initial file system.
  case initramfs
  /// A small Debian 12 with systemd, kexec-tools and kdump-tools on a disk, as `script/bootstrap`
  /// made it; the program under test takes the place of Debian's. What is written there outlives a
  /// jump.
  case debian
  /// The same with the agent in the place of systemd: soon there, and scripts see another init.
  case debianWithoutSystemd

  /// The words that make the guest's first program go there; the next kernel needs them too.
  public var commandLine: String {
    switch self {
    case .initramfs: ""
    case .debian: "lab.disk=systemd"
    case .debianWithoutSystemd: "lab.disk=agent"
    }
  }

  /// The file that is the disk, on this computer.
  func disk(in workshop: Workshop) throws -> String? {
    guard self != .initramfs else { return nil }
    let disk = workshop.disks + "/debian.ext4"
    guard FileManager.default.fileExists(atPath: disk) else {
      throw Skip("there is no Debian to boot: see what script/bootstrap says")
    }
    return disk
  }
}
