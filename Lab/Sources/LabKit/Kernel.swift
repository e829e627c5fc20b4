import Foundation

/// A real kernel that the lab can boot.
public enum Kernel: String, CaseIterable, Sendable {
  /// The kernels that `script/bootstrap` fetches, which are always available.
  public static let allCases: [Kernel] = [.debian6_1, .debian6_12]

  /// Debian 12's kernel for cloud machines.
  case debian6_1 = "6.1"
  /// Debian 13's kernel for cloud machines, as packaged for Debian 12.
  case debian6_12 = "6.12"
  /// Debian's newest kernel, fetched by `script/newest-kernel`.
  case newest
  /// The lab's own kernel, built by `script/test-kernel`. It supports jumping back, and requires
  /// that kernels are signed with `SigningKey.right`.
  case lab
  /// The lab's own kernel from Debian's newest source, built by `script/test-kernel handover`. It
  /// hands over memory (KHO), and keeps live update sessions.
  case handover

  /// The beginning of this kernel's release.
  private var prefix: String { rawValue + "." }

  /// Whether `release`, from `uname -r`, fits this kernel.
  func isRelease(_ release: String) -> Bool {
    switch self {
    case .debian6_1, .debian6_12: release.hasPrefix(prefix) && !Kernel.lab.isRelease(release)
    case .newest: !Kernel.allCases.contains { $0.isRelease(release) }
    case .handover: release.hasSuffix("-handover")
    case .lab: release.hasSuffix("-lab")
    }
  }

  /// The path of the kernel in a guest that carries it.
  public var path: String { "/boot/\(rawValue)" }

  /// The path of the kernel on this computer.
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

  /// A program for guests that was built together with the kernel.
  public func program(_ name: String, in lab: Lab) throws -> [UInt8] {
    _ = try file(in: lab.workshop)
    return try contents(of: "\(lab.workshop.kernels)/\(rawValue)/\(name)")
  }

  /// A module of the kernel, and its path in a guest. It is unpacked, because busybox passes
  /// modules to the kernel unchanged, and it is not in the subdirectories of the kernel's package.
  func module(
    _ path: String, in workshop: Workshop
  ) throws -> (path: String, bytes: [UInt8]) {
    let directory = try modules(in: workshop)
    let plain = "\(directory)/\(path)"
    // Unpacked in memory: scenarios run in parallel, and would find each other's half-written file.
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
  /// The file of a kernel that takes long to make. If it is missing, the scenario is skipped.
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
  /// SeaBIOS, which is part of QEMU.
  case bios
  /// EDK II, from Debian's package `ovmf`.
  case uefi

  /// The usual name: BIOS or UEFI.
  public var name: String { rawValue.uppercased() }
}
