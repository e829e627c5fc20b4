import LinuxSystem
import TestSupport
import Testing

/// Every seed and every past find of the fuzzers, once more. Without the address sanitizer, which
/// `script/test --all` adds.
@Suite struct FindsTests {
  /// A file by its path below Fuzz/.
  private static func files(of target: FuzzTarget) -> [String] {
    ["Seeds", "Finds"].flatMap { directory in
      let path = "/\(directory)/\(target.rawValue)"
      return (Fixtures.fuzz.names(in: path) ?? []).map { "\(path)/\($0)" }
    }
  }

  /// In a process of its own: what does not hold is a trap.
  @Test(.timeLimit(.minutes(30)), arguments: FuzzTarget.allCases)
  func everyInputKeepsTheLaws(target: FuzzTarget) async throws {
    let files = Self.files(of: target)
    #expect(files.contains { $0.hasPrefix("/Seeds/") }, "no seed of \(target)")
    let tree = TemporaryTree(["/current": "(none)"])
    // Swift 6.2 gives such a process no values: there a trap ends all tests.
    #if compiler(>=6.3)
      await #expect(processExitsWith: .success) {
        [name = target.rawValue as String, files = files as [String], root = tree.path as String] in
        try replay(files, of: try #require(FuzzTarget(rawValue: name)), noting: root)
      }
    #else
      try replay(files, of: target, noting: tree.path)
    #endif
    let last = FileTree(root: tree.path).text("/current")
    #expect(last == "(all)", "script/fuzz \(target.rawValue) 0 Fuzz\(last ?? "") repeats it")
  }

  @Test func everyFolderHasItsTarget() {
    let known = Set(FuzzTarget.allCases.map(\.rawValue))
    for directory in ["/Seeds", "/Finds"] {
      let names = (Fixtures.fuzz.names(in: directory) ?? []).filter { !$0.hasSuffix(".dict") }
      #expect(!names.isEmpty && known.isSuperset(of: names), "\(names)")
    }
  }
}

/// Tries each file; /current below `root` says which one, and at the end that all are tried.
private func replay(_ files: [String], of target: FuzzTarget, noting root: String) throws {
  for file in files {
    _ = FileTree(root: root).replace("/current", with: file)
    _ = target.test(try Fixtures.fuzz.read(file))
  }
  _ = FileTree(root: root).replace("/current", with: "(all)")
}
