package import ByteCoding
internal import CLibrary

/// A file that the user named, open; or several, joined in memory.
package final class InputFile: Sendable {
  /// The path as the user gave it.
  package let path: String
  /// All bytes of the file: mapped, or a copy if it cannot be mapped.
  package let bytes: SharedBytes
  /// Whether it is a regular file, which can be passed to kexec_file_load.
  package let isRegular: Bool
  private let descriptor: FileDescriptor

  /// The path that stands for the standard input.
  package static let standardInput = "-"

  /// Opens the file at `path`, or the standard input for `-`.
  ///
  /// Regular files and block devices are mapped. What cannot be mapped (pipes, files in /proc and /sys) is
  /// read into memory, at most `limit` bytes; if nothing arrives for a second, `whenWaiting` is called once.
  package init(
    path: String, limit: Int = .max, whenWaiting: () -> Void = {}
  ) throws(FileError) {
    self.path = path
    let descriptor =
      path == Self.standardInput
      ? try FileDescriptor(standardInputCalled: path) : try FileDescriptor(reading: path)
    var mapped: SharedBytes?
    switch try descriptor.kind(path: path) {
    case .regular(let size):
      isRegular = true
      if size > 0 { mapped = try descriptor.map(size: size, path: path) }
    case .device(let size):
      isRegular = false
      guard size > 0 else { throw FileError(path, .empty) }
      mapped = try descriptor.map(size: size, path: path)
    case .pipe: isRegular = false
    }
    let bytes: SharedBytes
    if let mapped {
      bytes = mapped
    } else {
      bytes = try descriptor.readAll(path: path, limit: limit, whenWaiting: whenWaiting).get()
    }
    guard bytes.count > 0 else { throw FileError(path, .empty) }
    self.bytes = bytes
    self.descriptor = descriptor
  }

  /// Whether a regular file is shorter now than when it was opened.
  package var isCutShort: Bool {
    guard isRegular, bytes.isMapped, case .regular(let size)? = try? descriptor.kind(path: path)
    else { return false }
    return size < bytes.count
  }

  /// The process that has the file open for writing, by name and number; nil when none is found.
  package func writer(in files: FileTree) -> String? {
    guard let path = files.linkTarget("/proc/self/fd/\(descriptor.number)") else { return nil }
    for process in files.numberedNames(in: "/proc") ?? [] {
      for number in files.numberedNames(in: "/proc/\(process)/fd") ?? []
      where files.linkTarget("/proc/\(process)/fd/\(number)") == path {
        // The last octal digit is the access mode: 1 for O_WRONLY, 2 for O_RDWR.
        guard
          let mode = files.text("/proc/\(process)/fdinfo/\(number)")?.lines(after: "flags:").first?
            .utf8.last, (mode & 3) != 0
        else { continue }
        return (files.text("/proc/\(process)/comm").map { "\($0) " } ?? "") + process
      }
    }
    return nil
  }

  /// The number of the open file, for a system call that reads it.
  var descriptorNumber: Int32 { descriptor.number }

  /// Writes `parts` one after the other into a memory file, for kexec_file_load, which takes only one file.
  package init(
    joining parts: [SharedBytes], name: String, by memoryFiles: MemoryFiles
  ) throws(FileError) {
    let descriptor = try memoryFiles.open(name, path: name)
    for part in parts {
      try memoryFiles.append(part, to: descriptor, path: name)
    }
    let size = parts.reduce(0) { $0 + $1.count }
    guard size > 0, let bytes = try descriptor.map(size: size, path: name) else {
      throw FileError(name, .empty)
    }
    self.path = name
    self.bytes = bytes
    self.isRegular = true
    self.descriptor = descriptor
  }
}
