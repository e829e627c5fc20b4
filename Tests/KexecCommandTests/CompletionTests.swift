import Testing

@testable import KexecCommand
@testable import documents

/// In this suite because getopt_long keeps its place in global variables.
extension InvocationTests {
  /// What completion offers; Tests/check-completion.py asks the shells.
  @Suite struct CompletionTests {
    private static let options = Option.table.texts.flatMap { $0.options }

    @Test("The program accepts every value that completion offers")
    func offeredValuesAreAccepted() throws {
      var count = 0
      for option in Self.options {
        guard case .words(let words) = CompletedValue(of: option) else { continue }
        for word in words {
          let line = [
            "kexec", "--dry-run", "--machine=/m", "-l", "vmlinuz", "\(option.name)=\(word)",
          ]
          #expect(throws: Never.self, "\(option.name)=\(word)") { try Invocation(line) }
          count += 1
        }
        // So that a value which is not offered would be noticed.
        if option.long[0] != "serial" {
          #expect(throws: CommandError.self, "\(option.name)") {
            try Invocation(["kexec", "--dry-run", "--machine=/m", "-l", "v", "\(option.name)=7x"])
          }
        }
      }
      #expect(count >= 20)
    }

    @Test("Completion names only options that there are")
    func namedOptionsExist() {
      let ofCommands = CommandWord.allCases.flatMap(\.options).flatMap(\.options)
      let names = Set((Self.options + ofCommands).map { $0.long[0] })
      #expect(Set(CompletedValue.words.keys).subtracting(names).isEmpty)
      #expect(CompletedValue.repeated.subtracting(names).isEmpty)
    }
  }
}
