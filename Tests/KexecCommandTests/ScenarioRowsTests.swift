import LinuxSystem
import TestSupport
import Testing

@testable import KexecCommand

/// Each row of the tables of options, images, exit codes and messages says by which scenarios of the
/// lab it is shown on a real kernel. `script/test` checks that the lab has scenarios of these names.
@Suite struct ScenarioRowsTests {
  /// The rows in Tests/Fixtures/rows.txt, each with the indented lines below it.
  private static let rows: [(name: String, shownBy: [String])] = {
    var rows: [(name: String, shownBy: [String])] = []
    for line in Fixtures.text("/rows.txt").split(separator: "\n") where !line.hasPrefix("#") {
      if line.hasPrefix("  ") {
        rows[rows.count - 1].shownBy.append(String(line.dropFirst(2)))
      } else {
        rows.append((String(line), []))
      }
    }
    return rows
  }()

  @Test("rows.txt lists every option, command, image, exit code and comparison exactly once")
  func rowsFileListsEveryRowOnce() {
    let wanted =
      ["KERNEL alone"] + CommandWord.allCases.map(\.name) + OptionRow.all.map { "--" + $0.long[0] }
      + ImageRow.names + ExitRow.names + KexecToolsRow.names
    let found = Self.rows.map(\.name)
    #expect(Set(wanted).count == wanted.count)
    #expect(Set(found).count == found.count)
    #expect(Set(wanted).subtracting(found).isEmpty && Set(found).subtracting(wanted).isEmpty)
  }

  @Test("Each row of rows.txt names its lab scenarios or one reason to need none")
  func everyRowHasAScenarioOrAReason() {
    for (name, shownBy) in Self.rows {
      #expect(!shownBy.isEmpty, "\(name)")
      #expect(Set(shownBy).count == shownBy.count, "\(name)")
      // A reason stands alone.
      #expect(shownBy.count == 1 || !shownBy.contains { $0.hasPrefix("- ") }, "\(name)")
    }
  }
}
