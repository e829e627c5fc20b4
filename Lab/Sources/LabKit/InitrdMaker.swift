/// A program that makes the initrds of a distribution. `script/bootstrap` has run each of them for
/// 6.12.
public enum InitrdMaker: String, CaseIterable, Sendable {
  /// Debian's.
  case initramfsTools = "initramfs-tools"
  /// Fedora's, which is in Debian, too. Its init is systemd.
  case dracut
}

extension Lab {
  /// The initrd that `maker` made for 6.12.
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
