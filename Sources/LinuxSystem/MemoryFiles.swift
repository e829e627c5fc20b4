package import ByteCoding
internal import CLinux
internal import CLibrary

/// Files without a path that are only in memory, for kexec_file_load, which takes open files.
package struct MemoryFiles: Sendable {
  /// Makes one, whose name is seen in /proc, and returns the number of the open file. Corresponds to
  /// `memfd_create`.
  package var create: @Sendable (_ name: String) -> Result<Int32, Errno>
  /// Appends bytes to the open file of this number, and returns how many were written, perhaps not all.
  /// Corresponds to `write`.
  package var write: @Sendable (_ number: Int32, _ bytes: SharedBytes) -> Result<Int, Errno>

  /// Memory files with these functions.
  package init(
    create: @escaping @Sendable (_ name: String) -> Result<Int32, Errno>,
    write: @escaping @Sendable (_ number: Int32, _ bytes: SharedBytes) -> Result<Int, Errno>
  ) {
    self.create = create
    self.write = write
  }

  /// Those of the running kernel.
  package static let running = MemoryFiles { name in
    let number = unsafe clinux_memfd(name.cBytes)
    return number >= 0 ? .success(number) : .failure(.last)
  } write: { number, bytes in
    let count = unsafe bytes.withUnsafeBytes { buffer in
      retryOnInterrupt { unsafe CLibrary.write(number, buffer.baseAddress, buffer.count) }
    }
    return count >= 0 ? .success(count) : .failure(.last)
  }
}

extension MemoryFiles {
  /// Bytes that the name may have: "The limit is 249 bytes, excluding the terminating null byte",
  /// memfd_create(2).
  static let nameLimit = 249

  /// Makes a file called `name`, or by the end of the name that fits; errors name `path`.
  func open(_ name: String, path: String) throws(FileError) -> FileDescriptor {
    // The end of a path tells more than its start.
    let bytes = name.losslessBytes
    let fitting =
      bytes.count <= Self.nameLimit ? name : String(lossless: bytes.suffix(Self.nameLimit))
    switch create(fitting) {
    case .success(let number): return FileDescriptor(owning: number)
    case .failure(let errno): throw FileError(path, .errno(errno))
    }
  }

  /// Appends all of `bytes` to `file`; errors name `path`.
  func append(
    _ bytes: SharedBytes, to file: borrowing FileDescriptor, path: String
  ) throws(FileError) {
    var written = 0
    while written < bytes.count {
      let result = (try? bytes.slice(written..<bytes.count)).map { write(file.number, $0) }
      switch result {
      case .success(let count) where count > 0: written += count
      case .failure(let errno): throw FileError(path, .errno(errno))
      // Nothing was written, and nothing would be the next time.
      case .success, nil: throw FileError(path, .errno(.inputOutput))
      }
    }
  }
}
