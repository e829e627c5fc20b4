internal import LinuxSystem

/// Advice about the missing file at `path`: the most similar name in its directory, or which
/// directory is missing. Nil if no name is similar.
func adviceOnMissingFile(_ path: String) -> String? {
  // Relative paths are looked up from the current directory.
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
      // Names of kernels and initrds end with their version.
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

/// Advice about a missing kernel with this `name`, which may have been meant as a command or an
/// option.
func adviceOnMissingCommand(_ name: String) -> String? {
  if Option.table.rows.contains(where: { $0.long.contains(name) }) {
    return "did you mean kexec --\(name)?"
  }
  return nearestName(to: name, among: CommandWord.allCases.map { $0.rawValue }).map { word in
    "did you mean the command kexec \(word)?"
  }
}
