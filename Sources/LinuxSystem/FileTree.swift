internal import ByteCoding
internal import CLinux
internal import CLibrary

/// Files below a root directory: the running machine's own tree, or one captured from another.
package struct FileTree: Sendable {
  /// The directory that stands for `/`, without a final slash; empty for `/` itself.
  package let root: String

  /// The tree below `root`.
  package init(root: String) {
    var root = root
    while root.hasSuffix("/") { root.removeLast() }
    self.root = root
  }

  /// The running machine's own files.
  package static let running = FileTree(root: "/")

  /// Whether this is the running machine's tree and not a captured one.
  package var isRunningMachine: Bool { root.isEmpty }

  /// The bytes of the file at the absolute `path` below the root: all, or the first 64 MiB of a longer one.
  ///
  /// Files of /proc and /sys have no size, so this reads until there is no more.
  package func read(_ path: String) throws(FileError) -> [UInt8] {
    try read(path, atMost: .mebibytes(64))
  }

  /// The first bytes of a file, up to `limit`.
  package func read(_ path: String, atMost limit: Int) throws(FileError) -> [UInt8] {
    let file = try FileDescriptor(reading: root + path)
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: .kibibytes(64))
    while bytes.count < limit {
      let wanted = min(chunk.count, limit - bytes.count)
      let count = retryOnInterrupt { unsafe CLibrary.read(file.number, &chunk, wanted) }
      guard count >= 0 else { throw FileError(root + path, .errno(.last)) }
      if count == 0 { break }
      bytes.append(contentsOf: chunk[..<count])
    }
    return bytes
  }

  /// At most `count` bytes of a file from `offset` on. Corresponds to `pread`.
  package func read(_ path: String, at offset: UInt64, count: Int) throws(FileError) -> [UInt8] {
    let file = try FileDescriptor(reading: root + path)
    guard let offset = Int(exactly: offset) else { return [] }
    var bytes = [UInt8](repeating: 0, count: count)
    let got = retryOnInterrupt { unsafe pread(file.number, &bytes, count, offset) }
    guard got >= 0 else { throw FileError(root + path, .errno(.last)) }
    return Array(bytes[..<got])
  }

  /// The text of a file without spaces and line ends at its end, or nil when it cannot be read. The text
  /// keeps bytes that are not UTF-8, which names in /proc/iomem can have.
  package func text(_ path: String) -> String? {
    (try? read(path)).map { bytes in
      var part = bytes[...]
      while let last = part.last, last == 0x0A || last == 0x20 || last == 0 { part.removeLast() }
      return String(lossless: part)
    }
  }

  /// The first message of the kernel's log for which `isWanted`; nil when there is none, or the log
  /// has forgotten it. The log of a captured machine is a text in its `/dev/kmsg`.
  package func kernelMessage(where isWanted: (Substring) -> Bool) -> String? {
    if isRunningMachine { return KernelLog.firstMessage(where: isWanted) }
    let lines = (text("/dev/kmsg") ?? "").split(separator: "\n")
    return lines.first(where: isWanted).map(String.init)
  }

  /// EAX, EBX, ECX and EDX of a leaf of the processor's CPUID instruction; nil when it has no such
  /// leaf, and for a captured machine.
  package func processorLeaf(_ leaf: UInt32) -> [UInt32]? {
    guard isRunningMachine else { return nil }
    var registers: [UInt32] = [0, 0, 0, 0]
    // The first leaf of each group contains the number of the last one.
    unsafe clinux_cpuid(leaf & extendedLeaves, &registers)
    guard registers[0] >= leaf else { return nil }
    unsafe clinux_cpuid(leaf, &registers)
    return registers
  }

  /// The names in a directory, without `.` and `..`, or nil when it cannot be listed.
  package func names(in path: String) -> [String]? {
    guard let directory = unsafe opendir((root + path).cBytes) else { return nil }
    defer { unsafe _ = closedir(directory) }
    var names: [String] = []
    while let entry = unsafe readdir(directory) {
      // SAFETY: readdir's name is terminated and lives until the next call.
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) {
          unsafe String(lossless: $0)
        }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// The entries of a directory whose names are numbers, in numeric order, or nil when it cannot be
  /// listed.
  package func numberedNames(in path: String) -> [String]? {
    guard let names = names(in: path) else { return nil }
    let numbered = names.compactMap { name in
      UInt64(digits: name, radix: 10).map { (name, number: $0) }
    }
    return numbered.sorted { $0.number }.map { $0.0 }
  }

  /// The target of the symbolic link at `path`; nil when it is not a link, or when the target is longer than
  /// 255 bytes.
  package func linkTarget(_ path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = unsafe readlink((root + path).cBytes, &bytes, bytes.count)
    return count > 0 && count < bytes.count ? String(lossless: bytes[..<count]) : nil
  }

  /// Whether there is something at `path`.
  package func exists(_ path: String) -> Bool {
    unsafe access((root + path).cBytes, F_OK) == 0
  }

  /// Removes the file at `path`, if there is one.
  package func remove(_ path: String) {
    _ = unsafe unlink(root + path)
  }

  /// Makes `text` the content of the file at `path`.
  ///
  /// - Returns: whether that worked. A half-written file is removed.
  package func replace(_ path: String, with text: String) -> Bool {
    let draft = root + path + ".new"
    let number = unsafe clinux_create(draft)
    guard number >= 0 else { return false }
    let bytes = text.losslessBytes
    let count = retryOnInterrupt { unsafe write(number, bytes, bytes.count) }
    _ = close(number)
    guard count == bytes.count, unsafe rename(draft, root + path) == 0 else {
      _ = unsafe unlink(draft)
      return false
    }
    return true
  }
}

/// The bit that the numbers of CPUID's extended leaves have.
private let extendedLeaves: UInt32 = 1 << 31
