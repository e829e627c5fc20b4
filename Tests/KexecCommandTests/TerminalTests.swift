import TestSupport
import Testing

@testable import KexecCommand

/// What is known of the terminal, and how text is laid out on it.
@Suite struct TerminalTests {
  @Test(
    "Text is wrapped at the width of the terminal, else that of COLUMNS, else 80, from 40 to 200",
    arguments: [
      (nil, "100", nil), (132, "100", 132), (0, "100", 100), (0, nil, 80), (0, "wide", 80),
      (0, "-5", 40), (20, nil, 40), (1000, nil, 200), (0, "999", 200),
    ] as [(Int?, String?, Int?)])
  func widthIsOfTerminalOrVariable(columns: Int?, variable: String?, wanted: Int?) {
    let terminal = Terminal(columns: columns) { $0 == "COLUMNS" ? variable : nil }
    #expect(terminal.width == wanted)
  }

  @Test(
    "Text is coloured on a terminal that can, unless NO_COLOR is set and not empty",
    arguments: [
      (80, ["TERM": "xterm"], true), (0, ["TERM": "linux"], true),
      (80, ["TERM": "xterm", "NO_COLOR": ""], true),
      (80, ["TERM": "xterm", "NO_COLOR": "1"], false), (80, ["TERM": "dumb"], false),
      (80, ["TERM": ""], false), (80, [:], false), (nil, ["TERM": "xterm"], false),
    ] as [(Int?, [String: String], Bool)])
  func colourNeedsATerminalThatCan(columns: Int?, variables: [String: String], wanted: Bool) {
    let terminal = Terminal(columns: columns) { variables[$0] }
    #expect(terminal.isColoured == wanted)
    #expect(terminal.styled("x", .good) == (wanted ? "\u{1B}[32mx\u{1B}[0m" : "x"))
  }

  private static let narrow = Terminal(columns: 40) { $0 == "TERM" ? "xterm" : nil }

  @Test(
    "Lines are broken between words and go on below the indentation",
    arguments: [
      ("", ""), ("\n", "\n"), ("a b\n", "a b\n"),
      // 40 columns fit, 41 do not.
      ("1234567890 1234567890 1234567890 1234567", "1234567890 1234567890 1234567890 1234567"),
      ("1234567890 1234567890 1234567890 12345678", "1234567890 1234567890 1234567890\n  12345678"),
      // Spaces stay as they are within a line, and go where it is broken.
      (
        "  a=\"x  y\" 1234567890 1234567890  1234567890",
        "  a=\"x  y\" 1234567890 1234567890\n  1234567890"
      ),
      // A long word stays whole.
      ("/\(long) x\n  y\n", "/\(long)\n  x\n  y\n"), ("x /\(long)", "x /\(long)"),
      ("xy /\(long)", "xy\n  /\(long)"),
      ("  /\(long)", "  /\(long)"),
      // A character takes one column, however many bytes it has.
      ("é234567890 1234567890 1234567890 123456é", "é234567890 1234567890 1234567890 123456é"),
      // Codes take none, even where they have spaces.
      (
        "\u{1B}[1;31m1234567890\u{1B}[0m 1234567890 1234567890 1234567",
        "\u{1B}[1;31m1234567890\u{1B}[0m 1234567890 1234567890 1234567"
      ),
    ] as [(String, String)])
  func breaksLinesBetweenWords(text: String, wanted: String) {
    #expect(Self.narrow.wrapped(text, indent: 2) == wanted)
    #expect(Terminal.none.wrapped(text, indent: 2) == text)
  }

  private static let long = String(repeating: "long", count: 20)

  @Test("A row's value goes on below itself, and its name may stand out")
  func rowGoesOnBelowItsValue() {
    #expect(
      Self.narrow.row(
        "  note", "words \(String(repeating: "word ", count: 8))", column: 12, .warning)
          == """
          \u{1B}[33m  note\u{1B}[0m      words word word word word
                      word word word word

          """.replacing("word\n\n", with: "word\n"))
    #expect(Terminal.none.row("a", "b", column: 4, .error) == "a   b\n")
  }
}

/// In this suite because getopt_long keeps its place in global variables.
extension InvocationTests {
  /// The same words on a terminal and into a file.
  @Suite struct TerminalOutputTests {
    private static let colours = ["TERM": "xterm-256color"]

    private static func kernel(
      _ columns: Int?, _ environment: [String: String] = colours,
      _ files: [String: [UInt8]?] = [:]
    ) -> FakeKernel {
      FakeKernel(files) {
        $0.columns = columns
        $0.environment = environment
        // No address is drawn, and all of them the same.
        $0.hasRandomBytes = false
      }
    }

    private static let append: String =
      "--append=" + (1...40).map { "word\($0)=x" }.joined(separator: ",")

    static let lines: [[String]] = [
      ["-S"], ["status"], ["--help"], ["status", "--help"], ["-l", "--dry-run", "@/vmlinuz"],
      ["-l", "--dry-run", "-d", "@/vmlinuz", "--command-line=" + many], ["-l", "@/none"],
      ["-p", "@/vmlinuz"], ["--bogus"], ["-l", "@/vmlinuz", "--append=a\u{201D}b " + many],
    ]
    private static let many: String = (1...40).map { "word\($0)=x" }.joined(separator: " ")

    @Test(
      "On a terminal no line is wider than it unless one word is, and all words are the same",
      arguments: lines, [60, 80, 120])
    func fitsOnTheTerminal(line: [String], columns: Int) {
      let plain = Self.kernel(nil)
      let wrapped = Self.kernel(columns, [:])
      let coloured = Self.kernel(columns)
      let exits = [plain, wrapped, coloured].map { $0.run(words: line) }
      #expect(exits[0] == exits[1] && exits[1] == exits[2])
      func text(_ kernel: FakeKernel) -> String {
        (kernel.output + kernel.errors).replacing(kernel.tree.path, with: "@")
      }
      #expect(!text(plain).isEmpty && !text(plain).contains("\u{1B}"))
      #expect(!text(wrapped).contains("\u{1B}"))
      #expect(words(text(wrapped)) == words(text(plain)))
      #expect(words(text(coloured).withoutColours) == words(text(plain)))
      for line in (wrapped.output + wrapped.errors).split(separator: "\n")
      where !line.hasPrefix("kexec: debug: ") && line.split(separator: " ").count > 2 {
        let isOneWord = line.split(separator: " ").contains { $0.count > columns / 2 }
        #expect(line.count <= columns || isOneWord, "\(line)")
      }
    }

    private func words(_ text: String) -> [Substring] {
      text.split { $0 == " " || $0 == "\n" }
    }

    @Test("Errors are red, warnings yellow, what is well green, and the first line is bold")
    func coloursSayWhatMatters() {
      let (bold, red, yellow, green) = ("\u{1B}[1m", "\u{1B}[1;31m", "\u{1B}[33m", "\u{1B}[32m")
      let ready = Self.kernel(
        80, Self.colours,
        [
          "/proc/sys/kernel/kexec_load_disabled": Array("0\n".utf8),
          "/proc/meminfo": Array("MemAvailable: 1000000 kB\n".utf8),
        ])
      #expect(ready.run("-l --dry-run @/vmlinuz --append=a\u{201D}b") == .success)
      #expect(ready.output.hasPrefix("\(bold)Ready to load\u{1B}[0m (dry run: "))
      #expect(ready.output.contains("\(yellow)  warning\u{1B}[0m "))
      #expect(ready.output.components(of: "\(green)ok\u{1B}[0m\n") == 2, "\(ready.output)")
      #expect(!ready.output.contains(red))
      let disabled = Self.kernel(
        80, Self.colours, ["/proc/sys/kernel/kexec_load_disabled": Array("1\n".utf8)])
      #expect(disabled.run("-l --dry-run @/vmlinuz") == .failure)
      #expect(disabled.output.hasPrefix("\(red)Not ready to load:\u{1B}[0m loading and unloading"))
      #expect(disabled.output.contains("\(red)no\u{1B}[0m\n"))
      #expect(disabled.errors.hasPrefix("\(red)kexec: \u{1B}[0mthe load would be refused: "))
      #expect(ready.run("-l @/vmlinuz --append=a\u{201D}b") == .success)
      #expect(ready.errors.contains("kexec: \(yellow)warning:\u{1B}[0m "), "\(ready.errors)")
      // No colour where nobody looks, whatever the environment says.
      let file = Self.kernel(nil)
      #expect(file.run("-l --dry-run @/none") == .failure)
      #expect(file.errors.hasPrefix("kexec: \""))
    }

    @Test("JSON is never wrapped or coloured")
    func jsonIsLeftAlone() {
      let (plain, terminal) = (Self.kernel(nil), Self.kernel(40))
      for kernel in [plain, terminal] {
        #expect(kernel.run("-l -c --dry-run --json @/vmlinuz \(Self.append)") == .success)
        #expect(kernel.run("-S --json") == .success)
      }
      func text(_ kernel: FakeKernel) -> String {
        kernel.output.replacing(kernel.tree.path, with: "@")
      }
      #expect(text(plain) == text(terminal))
    }
  }
}

extension String {
  /// The text without codes for colours.
  var withoutColours: String {
    split(separator: "\u{1B}", omittingEmptySubsequences: false).enumerated().map { index, part in
      index == 0 ? String(part) : String(part.drop { $0 != "m" }.dropFirst())
    }.joined()
  }

  /// How often `part` stands in it.
  fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
