import Glibc

/// Runs `tool` with `arguments` and waits for it; what it prints is printed.
func run(_ tool: String, _ arguments: [String]) throws(BuildError) {
  var pointers: [UnsafeMutablePointer<CChar>?] = unsafe ([tool] + arguments).map {
    unsafe strdup($0)
  }
  unsafe pointers.append(nil)
  defer { unsafe pointers.forEach { unsafe free($0) } }
  var child: pid_t = 0
  // SAFETY: the list ends with a null pointer, and its strings live until the end of the function.
  let error = unsafe posix_spawn(&child, tool, nil, nil, pointers, environ)
  guard error == 0 else { throw .notStarted(tool: tool, errno: error) }
  var status: Int32 = 0
  while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
  guard status == 0 else { throw .failed(tool: tool, status: status) }
}

/// All bytes of the file at `path`.
func readFile(_ path: String) throws(BuildError) -> [UInt8] {
  guard let file = unsafe fopen(path, "rb") else { throw .file(path, errno: errno) }
  defer { unsafe fclose(file) }
  var bytes: [UInt8] = []
  while case let byte = unsafe getc(file), byte != EOF {
    bytes.append(UInt8(truncatingIfNeeded: byte))
  }
  return bytes
}

/// Makes the file at `path` contain `text`. A file that contains it already is not written, or everything
/// that is compiled with it would be compiled again: SwiftPM builds this tool anew for each kind of build.
func writeFile(_ path: String, _ text: String) throws(BuildError) {
  if let old = try? readFile(path), old == Array(text.utf8) { return }
  guard let file = unsafe fopen(path, "wb") else { throw .file(path, errno: errno) }
  let written = unsafe fputs(text, file)
  guard unsafe fclose(file) == 0, written >= 0 else { throw .file(path, errno: errno) }
}
