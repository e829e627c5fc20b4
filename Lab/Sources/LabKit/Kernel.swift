import Foundation

/// A real kernel that the lab can boot.
public enum Kernel: String, CaseIterable, Sendable {
  /// Those that `script/bootstrap` brings, which are always here.
  public static let allCases: [Kernel] = [.debian6_1, .debian6_12]

  /// Debian 12's kernel for clouds.
  case debian6_1 = "6.1"
  /// The kernel of Debian 13, as Debian 12 offers it for clouds.
  case debian6_12 = "6.12"
  /// The newest that Debian has, fetched by `script/newest-kernel`.
  case newest
  /// The lab's own, built by `script/test-kernel`: it can jump back, and it wants kernels to be
  /// signed by the lab's right key.
  case lab
  /// The lab's own of Debian's newest source, built by `script/test-kernel handover`: it hands memory over
  /// (KHO), and keeps live update sessions.
  case handover

  /// What the release of this kernel starts with.
  private var prefix: String { rawValue + "." }

  /// Whether `release`, as `uname -r` says it, may be this kernel's.
  func isRelease(_ release: String) -> Bool {
    switch self {
    case .debian6_1, .debian6_12: release.hasPrefix(prefix) && !Kernel.lab.isRelease(release)
    case .newest: !Kernel.allCases.contains { $0.isRelease(release) }
    case .handover: release.hasSuffix("-handover")
    case .lab: release.hasSuffix("-lab")
    }
  }

  /// Where a guest finds the kernel when it carries it.
  public var path: String { "/boot/\(rawValue)" }

  /// The kernel's file on this computer.
  public func file(in workshop: Workshop) throws -> String {
    switch self {
    case .debian6_1, .debian6_12:
      return try workshop.file(in: workshop.debian + "/boot", startingWith: "vmlinuz-" + prefix)
    case .newest:
      return try made(by: "script/newest-kernel", startingWith: "vmlinuz-", in: workshop)
    case .lab:
      return try made(by: "script/test-kernel", startingWith: "vmlinuz", in: workshop)
    case .handover:
      return try made(by: "script/test-kernel handover", startingWith: "vmlinuz", in: workshop)
    }
  }

  /// A program for guests that was built with the kernel.
  public func program(_ name: String, in lab: Lab) throws -> [UInt8] {
    _ = try file(in: lab.workshop)
    return try contents(of: "\(lab.workshop.kernels)/\(rawValue)/\(name)")
  }

  /// A module of the kernel, and where a guest finds it: unpacked, since busybox hands modules to the
  /// kernel as they are, and without the directories that it has in the kernel's package.
  func module(
    _ path: String, in workshop: Workshop
  ) throws -> (path: String, bytes: [UInt8]) {
    let directory = try modules(in: workshop)
    let plain = "\(directory)/\(path)"
    // Into memory: scenarios run side by side, and would find each other's half-written file.
    let bytes =
      FileManager.default.fileExists(atPath: plain)
      ? try contents(of: plain)
      : [UInt8](try output(of: ["/usr/bin/xz", "--decompress", "--stdout", plain + ".xz"]))
    let release = directory.split(separator: "/").last ?? ""
    return ("lib/modules/\(release)/\(path.split(separator: "/").last ?? "")", bytes)
  }

  /// The directory of the kernel's modules on this computer; its name is the kernel's release.
  func modules(in workshop: Workshop) throws -> String {
    try workshop.file(in: workshop.debian + "/lib/modules", startingWith: prefix)
  }
}

extension Kernel {
  /// A kernel that takes long to get: without it, the scenario is skipped.
  private func made(
    by script: String, startingWith name: String, in workshop: Workshop
  ) throws -> String {
    let directory = "\(workshop.kernels)/\(rawValue)"
    guard FileManager.default.fileExists(atPath: directory) else {
      throw Skip("\(script) has not run")
    }
    return try workshop.file(in: directory, startingWith: name)
  }
}

/// The firmware of a virtual machine.
public enum Firmware: String, CaseIterable, Sendable {
  /// SeaBIOS, which QEMU brings along.
  case bios
  /// EDK II, from Debian's `ovmf`.
  case uefi

  /// The name that people use.
  public var name: String { rawValue.uppercased() }
}
