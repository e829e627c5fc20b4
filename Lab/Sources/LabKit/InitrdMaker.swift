/// A program that makes the initrds of a distribution; `script/bootstrap` has run each for 6.12.
public enum InitrdMaker: String, CaseIterable, Sendable {
  /// Debian's own.
  case initramfsTools = "initramfs-tools"
  /// Fedora's, which Debian has too: with systemd as its init.
  case dracut
}

extension Lab {
  /// The initrd that `maker` makes for 6.12.
  public func initrd(by maker: InitrdMaker) throws -> [UInt8] {
    let found =
      switch maker {
      case .initramfsTools: try workshop.debianInitrd(packedBy: "zstd")
      case .dracut: try workshop.initrd("dracut-6.12")
      }
    guard let found else {
      throw Skip("there is no initrd by \(maker.rawValue): see what script/bootstrap says")
    }
    return found
  }
}
