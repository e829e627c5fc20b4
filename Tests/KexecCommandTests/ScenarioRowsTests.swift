import LinuxSystem
import TestSupport
import Testing

@testable import KexecCommand

/// Each row of the tables of options, images, exit codes and messages names the scenarios of the
/// lab that show it on a real kernel. `script/test` checks that the lab has these scenarios.
@Suite struct ScenarioRowsTests {
  /// The rows in Tests/Fixtures/rows.txt, each with the indented lines that follow it.
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
      // A reason is the only line.
      #expect(shownBy.count == 1 || !shownBy.contains { $0.hasPrefix("- ") }, "\(name)")
    }
  }
}
