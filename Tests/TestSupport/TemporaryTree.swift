internal import Glibc
internal import LinuxSystem
package import RunningSystem

/// A directory with files for one test. It is removed with the last reference.
package final class TemporaryTree: Sendable {
  /// The directory's path.
  package let path: String
  /// Everything that was made, in that order; directories end with a slash.
  private let made: [String]

  /// Makes a directory with text `files`, whose paths are absolute, such as `/proc/iomem`.
  package convenience init(_ files: [String: String], links: [String: String] = [:]) {
    self.init(bytes: files.mapValues { Array($0.utf8) }, links: links)
  }

  /// Makes a directory with `files` of bytes and symbolic `links` to other paths. It is in TMPDIR,
  /// or else in /tmp.
  package init(bytes files: [String: [UInt8]], links: [String: String] = [:]) {
    let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/kexec-tests-XXXXXX".utf8CString)
    guard let root = unsafe mkdtemp(&template) else { fatalError("no temporary directory") }
    let path = unsafe String(cString: root)
    var made = [path + "/"]
    let names = files.keys.sorted() + links.keys.sorted()
    for name in names {
      var directory = path
      for part in name.split(separator: "/").dropLast() {
        directory += "/" + part
        if unsafe mkdir(directory, 0o755) == 0 { made.append(directory + "/") }
      }
      if let target = links[name] {
        guard unsafe symlink(target.cBytes, (path + name).cBytes) == 0 else {
          fatalError("no link \(name)")
        }
        made.append(path + name)
        continue
      }
      let content = files[name] ?? []
      guard let file = unsafe fopen((path + name).cBytes, "w") else {
        fatalError("no file \(name)")
      }
      unsafe fwrite(content, 1, content.count, file)
      unsafe fclose(file)
      made.append(path + name)
    }
    self.path = path
    self.made = made
  }

  deinit {
    for entry in made.reversed() {
      // What the program has written there.
      if entry.hasSuffix("/") {
        for name in FileTree(root: entry).names(in: "/") ?? [] {
          unsafe unlink((entry + name).cBytes)
        }
      }
      _ = entry.hasSuffix("/") ? unsafe rmdir(entry) : unsafe unlink(entry.cBytes)
    }
  }

  /// The machine that the files describe.
  package var machine: Machine {
    // The directory is removed with the last reference, so keep one until everything is read.
    withExtendedLifetime(self) { Machine.read(FileTree(root: path)) }
  }
}

/// A machine of which only the running kernel's command line is known.
package func machine(running commandLine: String) -> Machine {
  TemporaryTree(["/proc/cmdline": commandLine]).machine
}
