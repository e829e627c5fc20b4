import CpioFormat
import Foundation

/// A bzImage whose payload can be replaced.
///
/// Offsets of header fields are from Documentation/arch/x86/boot.rst.
struct PackedKernel {
  private var bytes: [UInt8]

  init(_ bytes: [UInt8]) throws {
    self.bytes = bytes
    guard bytes.count > 0x1000, bytes[0x202..<0x206].elementsEqual("HdrS".utf8),
      start + payloadOffset + payloadLength <= bytes.count
    else { throw Failure("this is no bzImage with a payload") }
  }

  /// The image with its payload compressed again.
  ///
  /// The image's own decompressor expects the old offset and the old compression, and the old
  /// payload is removed: such a kernel starts only if its loader has unpacked it.
  func repacked(by compressor: Compressor) throws -> [UInt8] {
    let place = start + payloadOffset
    // The last four bytes give the unpacked size. gzip writes them itself.
    let kernel = try unpacked()
    var payload = try compressor.compress(kernel)
    if compressor != .gzip { payload += littleEndian(kernel.count) }

    var image = self
    for index in place..<(place + payloadLength) { image.bytes[index] = 0 }
    image.pad()
    image.set(0x248, image.bytes.count - start)
    image.set(0x24C, payload.count)
    image.bytes += payload
    image.pad()
    image.set(0x1F4, (image.bytes.count - start) / 16)
    return image.bytes
  }

  /// The unpacked payload: vmlinux, followed by its relocation table.
  func unpacked() throws -> [UInt8] {
    let place = start + payloadOffset
    let payload = Array(bytes[place..<(place + payloadLength - 4)])
    let isXZ = payload.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0])
    return try (isXZ ? Compressor.xz : .zstd).decompress(payload)
  }

  /// The image with one bit changed in the middle of its payload.
  func damaged() -> [UInt8] {
    var image = bytes
    image[start + payloadOffset + payloadLength / 2] ^= 0x10
    return image
  }

  /// The image with another init_size in its header, as some recompressed images have it.
  func claiming(initSize: Int) -> [UInt8] {
    var image = self
    image.set(0x260, initSize)
    return image.bytes
  }

  /// The offset of the protected-mode part: after the boot sector and `setup_sects` more sectors.
  private var start: Int { (Int(bytes[0x1F1]) + 1) * 512 }
  private var payloadOffset: Int { number(0x248) }
  private var payloadLength: Int { number(0x24C) }

  private mutating func pad() {
    bytes += [UInt8](repeating: 0, count: -(bytes.count - start) & 15)
  }

  private func number(_ offset: Int) -> Int {
    (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
  }

  private mutating func set(_ offset: Int, _ value: Int) {
    bytes.replaceSubrange(offset..<(offset + 4), with: littleEndian(value))
  }

  private func littleEndian(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

extension Lab {
  /// `kernel` with its payload compressed again: it starts only if its loader unpacks it.
  public func repack(_ kernel: Kernel, by compressor: Compressor) throws -> [UInt8] {
    try PackedKernel(contents(of: kernel.file(in: workshop))).repacked(by: compressor)
  }

  /// The file of `kernel`.
  public func file(of kernel: Kernel) throws -> [UInt8] {
    try contents(of: kernel.file(in: workshop))
  }

  /// The vmlinux in `kernel`, followed by its relocation table.
  public func unpack(_ kernel: Kernel) throws -> [UInt8] {
    try PackedKernel(contents(of: kernel.file(in: workshop))).unpacked()
  }

  /// `kernel` with another init_size in its header.
  public func claim(_ kernel: Kernel, initSize: Int) throws -> [UInt8] {
    try PackedKernel(contents(of: kernel.file(in: workshop))).claiming(initSize: initSize)
  }

  /// `kernel` with one bit of its payload flipped.
  public func damage(_ kernel: Kernel) throws -> [UInt8] {
    try PackedKernel(contents(of: kernel.file(in: workshop))).damaged()
  }

  /// The lab's multiboot kernel of `version` 1 or 2, which writes on COM1 what it got.
  public func multibootKernel(version: Int) throws -> [UInt8] {
    try contents(of: workshop.tools + "/multiboot\(version)")
  }

  /// The lab's ELF kernel of 32 or 64 `bits`, which writes on COM1 how it got its arguments.
  public func elfKernel(bits: Int) throws -> [UInt8] {
    try contents(of: workshop.tools + "/elfkernel\(bits)")
  }

  /// The one of 64 bits, position-independent and linked for address 0.
  public func elfKernelForAnywhere() throws -> [UInt8] {
    try contents(of: workshop.tools + "/elfkernel-anywhere")
  }

  /// Debian's kernel for i386, as a bzImage or as the vmlinux in it.
  public func i386Kernel(unpacked: Bool) throws -> [UInt8] {
    let file = try contents(
      of: workshop.file(in: workshop.i386 + "/boot", startingWith: "vmlinuz-"))
    return unpacked ? try PackedKernel(file).unpacked() : file
  }

  /// A file of the packages that `script/bootstrap` unpacks.
  public func packagedFile(_ path: String) throws -> [UInt8] {
    try contents(of: workshop.debian + path)
  }

  /// GRUB for coreboot: an ELF file with a multiboot header, which executes `configuration` first.
  public func grubCore(configuration: String, modules: [String]) throws -> [UInt8] {
    let file = "\(workshop.scratch)/grub-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: file) }
    try Data(configuration.utf8).write(to: URL(fileURLWithPath: file))
    try Self.run(
      [
        "grub-mkimage", "-O", "i386-coreboot", "-d",
        workshop.debian + "/usr/lib/grub/i386-coreboot",
        "-p", "/", "-c", file, "-o", file + ".elf",
      ] + modules)
    defer { try? FileManager.default.removeItem(atPath: file + ".elf") }
    return try contents(of: file + ".elf")
  }

  /// The archive of the guests' initial files.
  public func archive() throws -> [UInt8] {
    try GuestImage.shared(tool: tool, also: programs, workshop: workshop).archive
  }

  /// An archive that contains only these files.
  public static func smallArchive(_ files: [String: [UInt8]]) throws -> [UInt8] {
    var writer = CpioWriter()
    for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
      try writer.append(.file(path, bytes))
    }
    return writer.archive()
  }
}
