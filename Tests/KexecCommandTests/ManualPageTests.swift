import LinuxSystem
import TestSupport
import Testing

@testable import KexecCommand
@testable import documents

/// The manual pages that script/documents writes, and their prose in docs/man. Tests/check-manual.py reads them
/// with mandoc and groff.
@Suite struct ManualPageTests {
  private static let checkout = FileTree(root: Fixtures.path + "/../..")

  private static func documents() throws -> Documents {
    try Documents(in: checkout, date: "November 27, 2026")
  }

  @Test("Every option of every command has prose, and no prose is of an unknown option or section")
  func proseIsComplete() throws {
    let pages = try Self.documents().pages
    #expect(pages.count == 2 + CommandWord.allCases.count)
    for page in pages { #expect(page.faults == []) }
  }

  /// Prose that lacks something, and what is said of it.
  static let broken: [(old: String, new: String, fault: String)] = [
    ("### --seed\n", "### --sead\n", "kexec: --seed has no prose"),
    ("### --seed\n", "### --sead\n", "kexec: there is no option --sead"),
    ("### --seed\n", "### --seed\n\n### --mem-min\n", "kexec: --seed has no prose"),
    ("### --seed\n", "### --digest\n", "kexec: --digest is explained twice"),
    ("## Files\n", "## Filse\n", "kexec: no manual page has a section \"Filse\""),
    ("# kexec:", "# kexec-run:", "kexec-run: it is of kexec"),
  ]

  @Test(
    "Prose that lacks an option, or explains one that there is not, is refused", arguments: broken)
  func incompleteProseIsRefused(_ row: (old: String, new: String, fault: String)) throws {
    let text = try #require(Self.checkout.text("/docs/man/kexec.md"))
    let changed = text.split(separator: row.old, maxSplits: 1).joined(separator: row.new)
    let start = text.hasPrefix(row.old) ? row.new : ""
    let whole = try #require(try Self.documents().pages.first)
    let page = ManualPage(
      subject: .program, prose: try Prose(start + changed, of: "kexec"), shared: whole.shared,
      date: whole.date)
    #expect(page.faults.contains(row.fault))
    #expect(throws: DocumentError.self) { try page.text() }
  }

  @Test("Shared prose is only of options that all commands share")
  func sharedProseIsOfSharedOptions() throws {
    let whole = try #require(try Self.documents().pages.first)
    let shared = try Prose("# common: text\n\n## Options\n\n### --seed\n\nText.\n", of: "common")
    let page = ManualPage(
      subject: .program, prose: whole.prose, shared: shared, date: whole.date)
    #expect(page.faults == ["common: --seed is not an option that all commands share"])
  }

  @Test("A page has each option of its table, with the text of --help as the first sentence")
  func pagesHaveEveryOption() throws {
    for page in try Self.documents().pages {
      let lines = try page.text().split(separator: "\n")
      let options = page.subject.options.flatMap { $0.options }
      #expect(options.count >= CommonOption.allCases.count)
      for option in options {
        let words = option.name.dropFirst()
          .split(separator: "-", omittingEmptySubsequences: false)
        let name = "Fl " + words.joined(separator: "\\-")
        let places = lines.indices.filter { place in
          lines[place].hasPrefix(".It") && (lines[place] + " ").contains(name + " ")
        }
        let place = try #require(places.first, "\(option.name)")
        #expect(places.count == 1, "\(option.name)")
        let word = try #require(option.help.split(separator: " ").first).lowercased()
        let next = lines[place + 1].lowercased()
        #expect(next.hasPrefix(word) || next.contains(word.filter { $0 != ":" }), "\(option.name)")
      }
    }
  }

  @Test("The exit codes of kexec(8) are those of docs/options.md and of the program")
  func exitCodesAgree() throws {
    let prose = try #require(try Self.documents().pages.first).prose
    let told = try #require(prose.section("Exit status")).entries.compactMap { Int32($0.term) }
    let document = try #require(Self.checkout.text("/docs/options.md"))
    let table = document.split(separator: "\n").drop { $0 != "## Exit codes" }
      .drop { !$0.hasPrefix("|---") }.dropFirst().prefix { $0.hasPrefix("| ") }
    let documented = table.compactMap { Int32($0.dropFirst(2).prefix { $0 != " " }) }
    #expect(table.count == documented.count)
    #expect(told == documented)
    // Dumps have two codes more.
    let ofDumps = [ExitCode.downgraded, .incomplete].map(\.rawValue)
    let all = (0...255 as ClosedRange<Int32>).filter { ExitCode(rawValue: $0) != nil }
    #expect(told == all.filter { !ofDumps.contains($0) })
    for page in try Self.documents().pages.dropFirst() {
      let codes = try #require(page.prose.section("Exit status")).entries.map(\.term)
      let allowed = page.subject.name == "kexec-dump" ? all : told
      #expect(!codes.isEmpty && codes.allSatisfy { allowed.map { "\($0)" }.contains($0) })
    }
  }

  /// Prose, and what mdoc(7) has for it.
  static let samples: [(prose: String, mdoc: String)] = [
    ("It needs `kexec_load` (`-c`).", "It needs\n.Xr kexec_load 2\n.Fl ( c ) ."),
    ("`--initrd=FILE` and -s", ".Fl \\-initrd Ns = Ns Ar FILE\nand\n.Fl s"),
    ("`kexec -u -p`, `/proc`", ".Nm kexec Fl u Fl p ,\n.Pa /proc"),
    ("see kexec-status(8).", "see\n.Xr kexec-status 8 ."),
    ("`a -b`: `No` 'x'", ".Ql a \\-b :\n.Ql \\&No\n'x'".replacing("\n'x'", with: "\n\\&'x'")),
    ("One. Two.", "One.\nTwo."),
    (".x y", "\\&.x y"),
  ]

  @Test("Prose is written as macros of mdoc(7)", arguments: samples)
  func proseBecomesMacros(_ row: (prose: String, mdoc: String)) throws {
    #expect(try Mdoc(placeholders: ["FILE"]).text(row.prose) == row.mdoc)
  }

  @Test("Prose with a backtick too few is refused", arguments: ["`a", "a`b`c", "`a`b"])
  func unpairedBackticksAreRefused(_ prose: String) {
    #expect(throws: DocumentError.self) { try Mdoc(placeholders: []).text(prose) }
  }
}
