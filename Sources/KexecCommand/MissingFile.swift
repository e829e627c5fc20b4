internal import LinuxSystem

/// What to do about the file at `path`, which is not there: the name that is most like it there, or the
/// directory that is missing. Nil where nothing is like it.
func adviceOnMissingFile(_ path: String) -> String? {
  // As the path has it: from the root, or from where we are.
  let files = FileTree(root: "")
  var start = path.startIndex
  while start < path.endIndex {
    let end = path[start...].firstIndex(of: "/") ?? path.endIndex
    guard start < end, !files.exists(String(path[..<end])) else {
      start = end < path.endIndex ? path.index(after: end) : end
      continue
    }
    let (directory, part, rest) = (String(path[..<start]), String(path[start..<end]), path[end...])
    let isLast = rest.isEmpty || rest == "/"
    let names = files.names(in: directory.isEmpty ? "." : directory) ?? []
    var near = nearestName(to: part, among: names)
    if near == nil, isLast {
      // Kernels and initrds have their version behind the name.
      for name in names where name.hasPrefix(part + "-") { near = name }
    }
    if let near {
      let found = directory + near + (isLast ? "" : String(rest))
      if files.exists(found) { return "did you mean \(quoted(found))?" }
    }
    if isLast { return nil }
    let hint = near.map { ": did you mean \(quoted(directory + $0))?" } ?? ""
    return "there is no directory \(quoted(directory + part))" + hint
  }
  return nil
}

/// What to do about a kernel `name` that is not there and may be a command.
func adviceOnMissingCommand(_ name: String) -> String? {
  nearestName(to: name, among: CommandWord.allCases.map { $0.rawValue }).map { word in
    "did you mean the command kexec \(word)?"
  }
}
