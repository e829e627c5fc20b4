package import ByteCoding
internal import CLinux
internal import CLibrary

extension RandomAccessFile {
  /// Opens the regular file or block device at `path`, such as /proc/vmcore, for reading.
  ///
  /// Large parts are mapped. Where that is not possible, and for small parts, they are read into memory: in
  /// /proc/vmcore, mapping 4 MiB is several times faster than reading them, and mapping 4 KiB is slower.
  package init(path: String) throws(FileError) {
    let file = OpenFile(try FileDescriptor(reading: path))
    let size: Int
    switch try file.descriptor.kind(path: path) {
    case .regular(let count), .device(let count): size = count
    case .pipe: throw FileError(path, .notRegular)
    }
    guard size > 0 else { throw FileError(path, .empty) }
    self.init(byteCount: UInt64(size)) { (offset, count) throws(ReadFailure) in
      if count > .kibibytes(64), let mapped = file.map(offset, count) { return mapped }
      return try file.read(offset, count)
    } currentByteCount: {
      guard case .regular(let count)? = try? file.descriptor.kind(path: path) else { return .max }
      return UInt64(count)
    }
  }
}

/// An open file that several closures share.
final class OpenFile: Sendable {
  let descriptor: FileDescriptor

  init(_ descriptor: consuming FileDescriptor) {
    self.descriptor = descriptor
  }

  /// Maps a part of the file; nil where that is not possible. Corresponds to `mmap`.
  func map(_ offset: UInt64, _ count: Int) -> SharedBytes? {
    let page = Int(getpagesize())
    guard let offset = Int(exactly: offset) else { return nil }
    let skipped = offset % page
    let size = count + skipped
    let start = unsafe mmap(
      nil, size, PROT_READ, MAP_PRIVATE | CInt(MAP_POPULATE), descriptor.number, offset - skipped)
    guard let start = unsafe start, unsafe start != MAP_FAILED else { return nil }
    let isMemory = clinux_is_in_proc(descriptor.number) != 0
    guard unsafe isMemory || isPresent(start, size, page) else {
      unsafe _ = munmap(start, size)
      return nil
    }
    // SAFETY: a private read-only mapping of this length that only `release` takes away.
    let all = unsafe SharedBytes(adopting: UnsafeRawBufferPointer(start: start, count: size)) {
      unsafe _ = munmap(UnsafeMutableRawPointer(mutating: $0.baseAddress), $0.count)
    }
    return try? all.slice(skipped..<size)
  }

  /// Whether all pages of a mapping are in memory. One that could not be read is not, and would end the program by a
  /// signal when it is used; `pread` gives an error. Corresponds to `mincore`, which says of /proc/vmcore that nothing is.
  @unsafe private func isPresent(_ start: UnsafeMutableRawPointer, _ size: Int, _ page: Int) -> Bool
  {
    var pages = [UInt8](repeating: 0, count: (size + page - 1) / page)
    return unsafe mincore(start, size, &pages) == 0 && pages.allSatisfy { $0 & 1 != 0 }
  }

  /// Reads a part of the file into memory. Corresponds to `pread`.
  func read(_ offset: UInt64, _ count: Int) throws(ReadFailure) -> SharedBytes {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 16)
    var done = 0
    while done < count {
      let position = Int(offset) + done
      let got = retryOnInterrupt {
        unsafe pread(
          descriptor.number, buffer.baseAddress.map { unsafe $0 + done }, count - done, position)
      }
      guard got > 0 else {
        let errno = got < 0 ? CLibrary.errno : 0
        unsafe buffer.deallocate()
        throw ReadFailure(offset: UInt64(position), errno: errno)
      }
      done += got
    }
    // SAFETY: the first `count` bytes have been read; `release` frees what was allocated here.
    return unsafe SharedBytes(
      adopting: UnsafeRawBufferPointer(start: buffer.baseAddress, count: count)
    ) {
      unsafe $0.deallocate()
    }
  }
}
