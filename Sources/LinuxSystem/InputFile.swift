package import ByteCoding
internal import CLinux
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

  /// Copies the file at `path` into memory, for files that cannot be mapped, such as those of /sys.
  package init(copying path: String) throws(FileError) {
    self.path = path
    let source = try FileDescriptor(reading: path)
    let number = unsafe clinux_memfd(path)
    guard number >= 0 else { throw FileError(path, .errno(.last)) }
    let descriptor = FileDescriptor(owning: number)
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = retryOnInterrupt { unsafe read(source.number, &chunk, chunk.count) }
      guard count >= 0 else { throw FileError(path, .errno(.last)) }
      if count == 0 { break }
      try descriptor.write(SharedBytes(Array(chunk[..<count])), path: path)
    }
    self.bytes = try descriptor.map(path: path)
    self.descriptor = descriptor
  }

  /// The number of the open file, for a system call that reads it.
  var descriptorNumber: Int32 { descriptor.number }

  /// Writes `parts` one after the other into memory, for a call that takes only one file.
  /// Corresponds to `memfd_create`.
  package init(joining parts: [SharedBytes], name: String) throws(FileError) {
    let number = unsafe clinux_memfd(name)
    guard number >= 0 else { throw FileError(name, .errno(.last)) }
    let descriptor = FileDescriptor(owning: number)
    for part in parts {
      try descriptor.write(part, path: name)
    }
    self.path = name
    self.bytes = try descriptor.map(path: name)
    self.descriptor = descriptor
  }
}

extension FileDescriptor {
  /// Appends `bytes`. Corresponds to `write`, repeated until all is written.
  fileprivate borrowing func write(_ bytes: SharedBytes, path: String) throws(FileError) {
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        retryOnInterrupt {
          unsafe Glibc.write(
            number, buffer.baseAddress?.advanced(by: written), buffer.count - written)
        }
      }
      guard count > 0 else { throw FileError(path, .errno(.last)) }
      written += count
    }
  }
}
