/// How a part of a text stands out. Readable on light and on dark ground.
enum TextStyle: String {
  case heading = "1"
  case error = "1;31"
  case warning = "33"
  case good = "32"
}

extension Terminal {
  /// `text` as it stands out there.
  @inline(never) func styled(_ text: String, _ style: TextStyle) -> String {
    isColoured ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// A row of a table: a name, and from `column` on a value, below which it goes on.
  @inline(never) func row(
    _ name: String, _ value: String, column: Int, _ style: TextStyle? = nil
  ) -> String {
    let start = name.padded(to: column)
    let shown = style.map { styled(name, $0) + start.dropFirst(name.count) } ?? start
    return wrapped(shown + value + "\n", indent: column)
  }

  /// `text` with its lines broken between words where they are too long; what is behind goes on below
  /// column `indent`. A word that is too long for a line stays whole, to be copied.
  @inline(never) func wrapped(_ text: String, indent: Int) -> String {
    guard let width else { return text }
    var bytes: [UInt8] = []
    var word: [UInt8] = []
    // Columns of the line so far, of the spaces behind it, and of the word behind those.
    var (line, spaces, length) = (0, 0, 0)
    var isCode = false
    for byte in text.utf8 {
      if !isCode, byte == 0x20 || byte == 0x0A {
        endWord()
        if byte == 0x20 {
          spaces += 1
        } else {
          bytes.append(byte)
          (line, spaces) = (0, 0)
        }
        continue
      }
      word.append(byte)
      // Neither codes for colours nor what continues a character takes a column.
      if byte == 0x1B { isCode = true }
      if !isCode, byte & 0xC0 != 0x80 { length += 1 }
      if byte == 0x6D { isCode = false }
    }
    endWord()
    return String(decoding: bytes, as: UTF8.self)

    func endWord() {
      guard !word.isEmpty else { return }
      if line + spaces > indent, line + spaces + length > width {
        bytes.append(0x0A)
        (line, spaces) = (0, indent)
      }
      bytes += [UInt8](repeating: 0x20, count: spaces)
      bytes += word
      line += spaces + length
      (spaces, length) = (0, 0)
      word = []
    }
  }
}

/// A text that grows row by row.
final class TextPage {
  private let terminal: Terminal
  /// Where the values of rows begin.
  private let column: Int
  /// All of it so far.
  var text = ""

  init(on terminal: Terminal, column: Int) {
    (self.terminal, self.column) = (terminal, column)
  }

  /// Adds a row that has a name, as `style` wants it, and a value.
  @inline(never) func addRow(_ name: String, _ value: String, style: TextStyle? = nil) {
    text += terminal.row("  " + name, value, column: column, style)
  }

  /// Adds a row that has a second value behind the first, in a column of its own unless the first is long.
  @inline(never) func addRow(
    _ name: String, _ value: String, _ second: String, _ style: TextStyle? = nil
  ) {
    addRow(
      name, (value + "  ").padded(to: 38) + (style.map { terminal.styled(second, $0) } ?? second))
  }

  /// Adds a line whose start stands out.
  @inline(never) func addLine(_ start: String, _ rest: String, _ style: TextStyle) {
    text += terminal.wrapped(terminal.styled(start, style) + " " + rest + "\n", indent: 2)
  }
}

extension String {
  /// The text with spaces behind it, so that it takes so many columns.
  @inline(never) func padded(to columns: Int) -> String {
    self + String(repeating: " ", count: max(0, columns - count))
  }

  /// The text with spaces in front.
  @inline(never) func rightAligned(to columns: Int) -> String {
    String(repeating: " ", count: max(0, columns - count)) + self
  }
}
