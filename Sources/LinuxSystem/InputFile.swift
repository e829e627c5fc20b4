package import ByteCoding
internal import Glibc

/// A file that the user named, open and mapped; or several, joined in memory.
package final class InputFile: Sendable {
  /// The path as the user gave it.
  package let path: String
  /// All bytes of the file, where they lie.
  package let bytes: SharedBytes
  private let descriptor: FileDescriptor

  /// Opens and maps the regular file at `path`.
  package init(path: String) throws(FileError) {
    self.path = path
    let descriptor = try FileDescriptor(reading: path)
    self.bytes = try descriptor.map(path: path)
    self.descriptor = descriptor
  }

  /// Copies the file at `path` into one of `memoryFiles`, for files that cannot be mapped, such as
  /// those of /sys.
  package init(copying path: String, by memoryFiles: MemoryFiles) throws(FileError) {
    self.path = path
    let source = try FileDescriptor(reading: path)
    let descriptor = try memoryFiles.open(path, path: path)
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = retryOnInterrupt { unsafe read(source.number, &chunk, chunk.count) }
      guard count >= 0 else { throw FileError(path, .errno(.last)) }
      if count == 0 { break }
      try memoryFiles.append(SharedBytes(Array(chunk[..<count])), to: descriptor, path: path)
    }
    self.bytes = try descriptor.map(path: path)
    self.descriptor = descriptor
  }

  /// The number of the open file, for a system call that reads it.
  var descriptorNumber: Int32 { descriptor.number }

  /// Writes `parts` one after the other into one of `memoryFiles`, for a call that takes only one
  /// file.
  package init(
    joining parts: [SharedBytes], name: String, by memoryFiles: MemoryFiles
  ) throws(FileError) {
    let descriptor = try memoryFiles.open(name, path: name)
    for part in parts {
      try memoryFiles.append(part, to: descriptor, path: name)
    }
    self.path = name
    self.bytes = try descriptor.map(path: name)
    self.descriptor = descriptor
  }
}
