import Testing

@testable import KexecCommand

@Suite struct HelpTests {
  @Test("The help texts list every option in lines of at most 100 columns")
  func listsEveryOptionWithin100Columns() {
    expectList(helpText(), of: Option.table)
    for option in Option.allCases {
      #expect(Option.table.rows.filter { $0.option == option }.count == 1, "\(option)")
    }
    for word in CommandWord.allCases {
      let text = helpText(of: word)
      #expect(text.hasPrefix("Usage: kexec \(word.rawValue) [OPTION]...\(word.arguments)\n"))
      #expect(text.contains(" It works without root.\n") != word.summary.needsRoot)
      for option in word.options.flatMap(\.options) { #expect(text.contains(option.name)) }
    }
    expectList(helpText(of: .status), of: CommonOption.table)
  }

  @Test("The help text ends with a list of all commands")
  func helpEndsWithTheCommands() throws {
    let text = helpText()
    let start = try #require(text.firstRange(of: "\nCommands (")).lowerBound
    let lines = text[start...].split(separator: "\n").dropFirst()
    #expect(lines.count >= CommandWord.allCases.count)
    for word in CommandWord.allCases {
      #expect(lines.contains { $0.hasPrefix("  \(word.rawValue)  ") }, "\(word)")
    }
    // What most people look for comes first, with its letters in kexec-tools' meaning.
    let options = try #require(text.firstRange(of: "\nCommon options:\n")).upperBound
    #expect(text[options...].hasPrefix("  -l, --load   "))
    for example in ["  kexec -l /vmlinuz --initrd=", "  systemctl kexec ", "  kexec -e "] {
      #expect(text[..<options].contains("\n" + example))
    }
    #expect(text.hasSuffix("\nMore: kexec(8), /usr/share/doc/kexec-swift\n"))
    #expect(
      text.contains("      --json                  print as JSON (plans, -S, --report, errors)\n"))
  }

  @Test("No option table gives a long or short option name twice")
  func optionNamesAreUnique() {
    for texts in [Option.table.texts] + CommandWord.allCases.map(\.options) {
      let options = texts.flatMap(\.options)
      let (names, letters) = (options.flatMap(\.long), options.compactMap(\.short))
      #expect(Set(names).count == names.count)
      #expect(Set(letters).count == letters.count)
    }
  }

  private func expectList<Key, Values>(_ text: String, of table: OptionTable<Key, Values>) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for line in lines { #expect(line.count <= 100, "\(line)") }
    for name in table.rows.flatMap(\.long) {
      #expect(
        lines.contains { line in
          line.split { $0 == " " || $0 == "," || $0 == "=" }.contains { $0 == "--\(name)" }
        }, "--\(name)")
    }
    #expect(text.hasSuffix("\n"))
    #expect(!lines.contains { $0.hasSuffix(" ") })
  }
}
