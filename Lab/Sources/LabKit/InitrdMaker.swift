import Foundation

/// A program that makes the initrds of a distribution; `script/bootstrap` has run each for 6.12.
public enum InitrdMaker: String, CaseIterable, Sendable {
  /// Debian's own.
  case initramfsTools = "initramfs-tools"
  /// Fedora's, which Debian has too: with systemd as its init.
  case dracut

  fileprivate var file: String {
    switch self {
    case .initramfsTools: ".lab/initrd/debian-6.12-zstd"
    case .dracut: ".lab/initrd/dracut-6.12"
    }
  }
}

extension Lab {
  /// The initrd that `maker` makes for 6.12.
  public func initrd(by maker: InitrdMaker) throws -> [UInt8] {
    guard FileManager.default.fileExists(atPath: maker.file) else {
      throw Skip("there is no initrd by \(maker.rawValue): see what script/bootstrap says")
    }
    return try contents(of: maker.file)
  }
}
