@testable import KexecCommand
import LinuxSystem

/// All that is made from the tables of options.
struct Documents {
  let pages: [ManualPage]

  /// Reads docs/man of `checkout`.
  init(in checkout: FileTree, date: String) throws(DocumentError) {
    func prose(_ name: String) throws(DocumentError) -> Prose {
      let path = "/docs/man/\(name).md"
      guard let text = checkout.text(path) else {
        throw DocumentError("docs/man/\(name).md cannot be read")
      }
      return try Prose(text, of: name)
    }
    let shared = try prose("common")
    var pages: [ManualPage] = []
    for subject in ManualPage.Subject.allCases {
      pages.append(
        ManualPage(
          subject: subject, prose: try prose(subject.name), shared: shared, date: date))
    }
    self.pages = pages
  }

  /// The files, by their paths.
  func files() throws(DocumentError) -> [(name: String, text: String)] {
    var files: [(name: String, text: String)] = []
    for page in pages { files.append(("man8/\(page.subject.name).8", try page.text())) }
    let commands = CommandWord.allCases.map {
      ($0.rawValue, $0.summary.text, $0.options.flatMap { $0.options })
    }
    let options = Option.table.texts.flatMap { $0.options }
    return files + [
      ("bash/kexec", BashCompletion(options: options, commands: commands).text),
      ("zsh/_kexec", ZshCompletion(options: options, commands: commands).text),
    ]
  }
}
