internal import ByteCoding
internal import RunningSystem

/// The first 64 bytes of boot_params: how the screen works. Corresponds to `struct screen_info`.
package enum ScreenInfo {
  /// Bytes in all.
  private static let size = 64

  /// The values of `BootParameters.origVideoIsVGA`.
  enum Kind {
    /// The VGA's text mode, as older loaders say it.
    static let vga: UInt8 = 1
    /// VIDEO_TYPE_EGAC.
    static let egaColour: UInt8 = 0x21
    /// VIDEO_TYPE_VGAC.
    static let vgaColour: UInt8 = 0x22
    /// VIDEO_TYPE_VLFB.
    static let vesaFramebuffer: UInt8 = 0x23
    /// VIDEO_TYPE_EFI.
    static let efiFramebuffer: UInt8 = 0x70
  }

  /// VGA text mode, 80 columns by 25 lines, characters of 16 points.
  static var text: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: size)
    // The cursor is below what is on the screen.
    bytes.store(25, as: BootParameters.origY)
    bytes.store(3, as: BootParameters.origVideoMode)
    bytes.store(80, as: BootParameters.origVideoCols)
    bytes.store(25, as: BootParameters.origVideoLines)
    bytes.store(Kind.vga, as: BootParameters.origVideoIsVGA)
    bytes.store(16, as: BootParameters.origVideoPoints)
    return bytes
  }

  /// Whether `isVGA` stands for the VGA's text mode.
  static func isText(_ isVGA: UInt8) -> Bool {
    isVGA == Kind.vgaColour || isVGA == Kind.vga
  }

  /// Whether `isVGA` stands for a framebuffer.
  package static func isFramebuffer(_ isVGA: UInt8) -> Bool {
    isVGA == Kind.vesaFramebuffer || isVGA == Kind.efiFramebuffer
  }
}
