/// A page of docs/man: the part of Markdown that a manual page needs.
///
/// A line `# NAME: what it is for`, sections (`##`), entries of a section (`###`), paragraphs, lists (`-`)
/// and fenced blocks.
struct Prose {
  /// What stands below a heading, up to the next one.
  struct Text: Equatable {
    var blocks: [Block] = []
  }

  enum Block: Equatable {
    case paragraph(String)
    case list([String])
    /// The lines of a fenced block, as they are.
    case code([String])
  }

  /// A term with what is said of it.
  struct Entry {
    let term: String
    var text = Text()
  }

  struct Section {
    let title: String
    var text = Text()
    var entries: [Entry] = []
  }

  let name: String
  let summary: String
  private(set) var sections: [Section] = []

  /// Reads the page that `markdown` has.
  init(_ markdown: String, of file: String) throws(DocumentError) {
    var lines = markdown.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let title = lines.first.flatMap { $0.parted(by: ": ") }
    guard let (heading, summary) = title, heading.hasPrefix("# ") else {
      throw DocumentError("\(file): the first line is not \"# NAME: SUMMARY\"")
    }
    (name, self.summary) = (String(heading.dropFirst(2)), summary)
    lines.removeFirst()
    var code: [String]?
    var isOpen = false
    for line in lines {
      if line.hasPrefix("```") {
        if let block = code { add(.code(block)) }
        code = code == nil ? [] : nil
        isOpen = false
      } else if code != nil {
        code?.append(line)
      } else if line.hasPrefix("### "), !sections.isEmpty {
        sections[sections.count - 1].entries.append(Entry(term: String(line.dropFirst(4))))
        isOpen = false
      } else if line.hasPrefix("## ") {
        sections.append(Section(title: String(line.dropFirst(3))))
        isOpen = false
      } else if line.isEmpty || line.hasPrefix("<!--") {
        isOpen = false
      } else {
        guard !sections.isEmpty else {
          throw DocumentError("\(file): text in front of the first section: \(line)")
        }
        add(line, continues: isOpen)
        isOpen = true
      }
    }
    if code != nil { throw DocumentError("\(file): a block does not end") }
  }

  /// The section of this title.
  func section(_ title: String) -> Section? { sections.first { $0.title == title } }

  private mutating func add(_ line: String, continues: Bool) {
    let text = line.hasPrefix("  ") ? String(line.dropFirst(2)) : line
    guard continues, let last = current.blocks.last else {
      return add(line.hasPrefix("- ") ? .list([String(line.dropFirst(2))]) : .paragraph(line))
    }
    current.blocks.removeLast()
    switch last {
    case .list(var items):
      if line.hasPrefix("- ") {
        items.append(String(line.dropFirst(2)))
      } else {
        items[items.count - 1] += " " + text
      }
      add(.list(items))
    case .paragraph(let before): add(.paragraph(before + " " + line))
    case .code: add(.paragraph(line))
    }
  }

  private mutating func add(_ block: Block) { current.blocks.append(block) }

  /// The text below the last heading.
  private var current: Text {
    get {
      let section = sections[sections.count - 1]
      return section.entries.last?.text ?? section.text
    }
    set {
      let last = sections.count - 1
      if sections[last].entries.isEmpty {
        sections[last].text = newValue
      } else {
        sections[last].entries[sections[last].entries.count - 1].text = newValue
      }
    }
  }
}

/// What is wrong with the sources of the documents.
struct DocumentError: Error, Equatable, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

extension String {
  /// What stands before and behind the first `separator`.
  func parted(by separator: String) -> (String, String)? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(separator) {
        return (String(self[..<start]), String(self[start...].dropFirst(separator.count)))
      }
      start = index(after: start)
    }
    return nil
  }
}
