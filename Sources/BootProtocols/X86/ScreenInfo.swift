/// The first 64 bytes of boot_params: how the screen is driven. Corresponds to
/// `struct screen_info`.
package enum ScreenInfo {
  /// VGA text mode, 80 columns by 25 lines, characters of 16 points.
  static var text: [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 64)
    bytes[0x01] = 25  // orig_y: below what is on the screen
    bytes[0x06] = 3  // orig_video_mode
    bytes[0x07] = 80  // orig_video_cols
    bytes[0x0E] = 25  // orig_video_lines
    bytes[0x0F] = 1  // orig_video_isVGA
    bytes[0x10] = 16  // orig_video_points
    return bytes
  }

  /// Whether `isVGA` stands for the VGA's text mode: VIDEO_TYPE_VGAC, or 1 as older loaders say it.
  static func isText(_ isVGA: UInt8) -> Bool {
    isVGA == 0x22 || isVGA == 0x01
  }

  /// Whether `isVGA` stands for a picture in memory: VIDEO_TYPE_VLFB or VIDEO_TYPE_EFI.
  package static func isFramebuffer(_ isVGA: UInt8) -> Bool {
    isVGA == 0x23 || isVGA == 0x70
  }
}
