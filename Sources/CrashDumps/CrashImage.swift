package import ByteCoding
internal import ELFFormat

/// The memory of a crashed kernel: one value whatever it came from, /proc/vmcore or a dump in a file.
///
/// Parts of the file are read when they are needed. It must be used by one thread.
package final class CrashImage {
  /// The form of the file.
  package let format: DumpFormat
  /// The processor that the computer had: an `ELFLayout.Machine`.
  package let machine: UInt16
  /// The notes.
  package let notes: [Note]
  /// The notes as they are in the file.
  package let noteBytes: SharedBytes
  /// VMCOREINFO.
  package let information: VMCoreInfo
  /// Where VMCOREINFO was found.
  package let informationOrigin: InformationOrigin
  let memory: DumpMemory
  let paging: KernelPaging?
  private let file: RandomAccessFile

  /// A note of the dump.
  package struct Note: Equatable, Sendable {
    /// Its name.
    package let name: String
    /// n_type.
    package let type: UInt32
    /// What it says.
    package let bytes: [UInt8]

    /// Whether it holds the registers of a processor.
    package var isProcessor: Bool { name == "CORE" && type == ELFLayout.Note.processorStatus }
  }

  /// Where VMCOREINFO was found.
  package enum InformationOrigin: Equatable, Sendable {
    /// In a note.
    case note
    /// In the page of memory with this physical address: the dump has no such note.
    case memory(UInt64)
    /// Nowhere: almost nothing can be said of the memory.
    case nowhere
  }

  /// Reads the headers and notes of `file`.
  package init(_ file: RandomAccessFile) throws(CrashImageError) {
    self.file = file
    let opened = try DumpHeaders(file)
    format = opened.format
    machine = opened.machine
    memory = try DumpMemory(opened.file, opened.contents)
    var notes: [Note] = []
    var information: VMCoreInfo?
    for note in opened.notes.span.notes {
      guard let bytes = try? opened.notes.slice(note.description).array else { continue }
      let name = String(lossless: note.name)
      notes.append(Note(name: name, type: note.type, bytes: bytes))
      if name == "VMCOREINFO", information == nil { information = VMCoreInfo(bytes) }
    }
    self.notes = notes
    noteBytes = opened.notes
    if let information, information.release != nil {
      self.information = information
      informationOrigin = .note
    } else if let found = try memory.findInformation() {
      self.information = found.information
      informationOrigin = .memory(found.physical)
    } else {
      self.information = VMCoreInfo([])
      informationOrigin = .nowhere
    }
    paging = machine == ELFLayout.Machine.x86_64 ? try? KernelPaging(self.information) : nil
  }

  /// Whether the file is shorter now than when it was opened.
  package var isCutShort: Bool { file.isCutShort }

  /// How many pages of RAM the dump knows, stored or not.
  package var frameCount: UInt64 { memory.frameCount }

  /// The page number behind the last page of RAM.
  package var endFrame: UInt64 { memory.endFrame }

  /// How many levels the kernel's page tables have; nil where that is not known.
  package var pagingLevels: Int? { paging?.levelCount }

  /// How many processors have left their registers.
  package var processorCount: Int {
    notes.reduce(0) { $0 + ($1.isProcessor ? 1 : 0) }
  }

  /// From now on, never reads the pages with these numbers: the hardware has reported them as bad.
  package func avoid(_ frames: [UInt64]) {
    memory.avoid(frames)
  }
}

extension CrashImage: KernelAddressSpace {
  /// The most bytes of one table of the kernel.
  package static let largestTable: Int = .mebibytes(64)

  /// The `count` bytes at the kernel's address `virtual`.
  package func bytes(at virtual: UInt64, count: Int) throws(CrashImageError) -> [UInt8] {
    guard count >= 0, count <= Self.largestTable else {
      throw .tooLarge(virtual: virtual, count: count)
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      let part = try run(at: virtual &+ UInt64(bytes.count), count: count - bytes.count)
      bytes += part.array
    }
    return bytes
  }

  /// Bytes from the kernel's address `virtual` on that lie side by side: at least one, at most `count`.
  func run(at virtual: UInt64, count: Int) throws(CrashImageError) -> SharedBytes {
    let mapping = try translate(virtual)
    return try memory.run(
      at: mapping.physical, count: Int(min(UInt64(count), mapping.byteCount)))
  }

  /// Where the byte at the kernel's address `virtual` is.
  func translate(_ virtual: UInt64) throws(CrashImageError) -> KernelPaging.Mapping {
    try requirePaging().translate(virtual, in: memory)
  }

  /// How the kernel's addresses become physical ones.
  ///
  /// - Throws: where that is not known.
  @discardableResult
  func requirePaging() throws(CrashImageError) -> KernelPaging {
    guard machine == ELFLayout.Machine.x86_64 else { throw .otherMachine(machine) }
    guard informationOrigin != .nowhere else { throw .noInformation }
    guard let paging else { throw .missingKey("SYMBOL(init_top_pgt)") }
    return paging
  }
}
