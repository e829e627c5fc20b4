import Machine

/// The VGA's text screen, 80 by 25 characters: text enters on the last line and moves up.
struct VGAText {
  private static let screen: UInt = 0xb8000
  private static let columns = 80
  private static let rows = 25
  /// Grey on black, in the upper byte of a character.
  private static let attribute: UInt16 = 0x0700
  private static let space = attribute | 0x20

  private var column = 0
  private let isMapped: Bool

  /// The screen; nil if the old kernel's page tables do not map it.
  init() {
    isMapped = isReadable(Self.screen)
  }

  /// Writes `character`, or starts a new line.
  @inline(never)
  mutating func write(_ character: UInt8) {
    guard isMapped, let screen = unsafe UnsafeMutablePointer<UInt16>(bitPattern: Self.screen)
    else { return }
    if character == 0x0a || column == Self.columns {
      // SAFETY: 80 * 25 characters of two bytes are in the page tables, and hold only the screen.
      var index = 0
      while index < Self.columns * (Self.rows - 1) {
        unsafe screen[index] = screen[index &+ Self.columns]
        index &+= 1
      }
      while index < Self.columns * Self.rows {
        unsafe screen[index] = Self.space
        index &+= 1
      }
      column = 0
    }
    guard character != 0x0a else { return }
    unsafe screen[Self.columns * (Self.rows - 1) &+ column] = Self.attribute | UInt16(character)
    column &+= 1
  }
}

/// Whether the current page tables have a page at `address`.
private func isReadable(_ address: UInt) -> Bool {
  let la57: UInt64 = 1 << 12
  let addressBits: UInt64 = 0x000f_ffff_ffff_f000
  var table = machine_page_tables() & addressBits
  var shift: UInt = (machine_control_4() & la57) != 0 ? 48 : 39
  while true {
    // SAFETY: the old kernel's identity map has all of its memory, so its page tables as well.
    guard let entries = unsafe UnsafePointer<UInt64>(bitPattern: UInt(table)) else { return false }
    let entry = unsafe entries[Int(bitPattern: (address &>> shift) & 511)]
    if (entry & 1) == 0 { return false }  // not present
    if shift == 12 || (entry & 0x80) != 0 { return true }  // a page, or a large one
    table = entry & addressBits
    shift &-= 9
  }
}
