import Glibc
import LinuxSystem

/// Writes the manual pages and the completion of shells, from the tables of options and docs/man.
///
/// script/documents runs it: `documents CHECKOUT DIRECTORY DATE`.
@main enum WriteDocuments {
  static func main() {
    let words = CommandLine.arguments
    guard words.count == 4 else {
      print("documents: expected CHECKOUT, DIRECTORY and DATE")
      exit(2)
    }
    do throws(DocumentError) {
      let documents = try Documents(in: FileTree(root: words[1]), date: words[3])
      for (name, text) in try documents.files() {
        guard FileTree(root: words[2]).replace("/" + name, with: text) else {
          throw DocumentError("\(words[2])/\(name) cannot be written")
        }
      }
    } catch {
      print("documents: \(error)")
      exit(1)
    }
  }
}
