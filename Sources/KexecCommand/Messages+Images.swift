internal import Compression
internal import KernelImages

// The sentences about kernel files: what a file is, and what is wrong with it.

extension CommandError {
  init(_ error: ImageError, path: String) {
    self.init(error, of: quoted(path))
  }

  /// `file` is how messages refer to the file, or to a part of it.
  private init(_ error: ImageError, of file: String) {
    let code = ErrorCode.image(error.code)
    switch error {
    case .truncated(let missing, let needs, let has):
      self.init(
        code,
        "\(file): truncated: \(missing.text) ends at byte \(needs), but the file has only \(has)",
        advice: "copy the file again; nothing was loaded or unloaded")
    case .unrecognised(let firstBytes):
      self.init(
        code,
        "\(file): not a known kernel format: it starts with \(hexadecimal(firstBytes))"
          + " and has no setup header (HdrS at offset 0x202)")
    case .unsupported(let kind):
      self.init(
        code,
        kind.isKernel
          ? "\(file): \(kind.text): not supported" : "\(file): not a kernel but \(kind.text)",
        advice: kind.advice)
    case .notUnpacked(let error, let start):
      self.init(
        code,
        "\(file): cannot be decompressed: \(error.text(from: start))",
        advice: error.isDamage ? "copy the file again" : "decompress it first")
    case .otherType(let wanted, let found):
      self.init(
        code,
        "\(file): not of type \(wanted.rawValue)"
          + (found.map { ", but \($0.rawValue)" } ?? ""),
        advice: found.map { "give --type=\($0.rawValue), or omit --type" })
    case .badPart(let fault, let index, let offset, let found):
      self.init(
        code,
        "\(file): program header \(index) at offset 0x\(String(offset, radix: 16)) "
          + "has 0x\(String(found, radix: 16)): \(fault.text)")
    case .repeated(let section, let offset):
      self.init(
        code,
        "\(file): section \(section) appears a second time, at offset 0x\(String(offset, radix: 16))"
      )
    case .inside(let section, let offset, let error):
      self.init(error, of: "\(file), section \(section) at 0x\(String(offset, radix: 16))")
    case .badField(let name, let offset, let found, let wanted):
      self.init(
        code,
        "\(file): \(name) at offset 0x\(String(offset, radix: 16)) is "
          + "0x\(String(found, radix: 16)), not \(wanted.text)")
    }
  }
}

extension ImagePart {
  fileprivate var text: String {
    switch self {
    case .setupHeader: "the setup header"
    case .realModePart: "the real-mode part"
    case .protectedModePart: "the protected-mode part"
    case .sectionHeaders(let count): "the table of \(count) sections"
    case .section(let name): "section \(name)"
    case .elfHeader: "the ELF header"
    case .programHeaders: "the table of program headers"
    case .loadedPart(let index): "loadable segment \(index) of the kernel"
    case .multibootHeader: "the multiboot header"
    }
  }
}

extension PartFault {
  fileprivate var text: String {
    switch self {
    case .moreBytesThanMemory: "it has more bytes in the file than in memory"
    case .beyondAddresses: "it reaches beyond the last address"
    case .overlap: "it overlaps the part below it"
    }
  }
}

extension CompressionError {
  /// What is wrong with a stream that starts at byte `start` of its file.
  func text(from start: Int) -> String {
    switch self {
    case .corrupt(let format, let offset):
      "the \(format.name) stream is damaged at byte \(start + offset)"
    case .truncated(let format, let offset):
      "the \(format.name) stream is truncated at byte \(start + offset)"
    case .unsupported(let format, let offset):
      "the \(format.name) stream needs a dictionary or a filter that is not supported, at byte "
        + "\(start + offset)"
    case .tooLarge(let limit):
      "it decompresses to more than \(byteText(UInt64(limit))), which is the limit "
        + "(half of the free memory, at most 4 GiB)"
    case .windowTooLarge(let format):
      "the \(format.name) stream needs a window of more than \(format == .zstd ? "2 GiB" : "256 MiB")"
    case .outOfMemory(0): "there is not enough memory for it"
    case .outOfMemory(let wanted): "\(byteText(UInt64(wanted))) of memory for it are not available"
    }
  }
}

/// The names that `--type` accepts. A literal, because joining them takes a sixth of the program's
/// start-up time.
let imageTypeNames =
  "multiboot2-x86, multiboot-x86, elf-x86_64, elf-x86, bzImage64, bzImage, uki, nbi-x86, beoboot-x86"

extension FieldRule {
  fileprivate var text: String {
    switch self {
    case .powerOfTwo: "a power of two"
    case .beyond64BitEntry: "more than the 0x200 bytes before the 64-bit entry"
    case .behindHeaders(let end): "beyond the \(end) bytes of headers"
    case .behindSection(let name, let end): "beyond section \(name), which ends at \(end)"
    case .sizeOfKernel: "the size of a kernel"
    case .elfMagic: "the magic number of an ELF file"
    case .littleEndianClass: "the class and byte order of a little-endian ELF file of 32 or 64 bits"
    case .executable: "the type of an executable"
    case .programHeaderSize: "the size of a program header"
    case .insidePart: "an address in a loaded segment"
    case .nonzero: "a number above 0"
    case .below4GiB: "below 4 GiB"
    case .knownFlags: "a set of known features"
    case .knownTag: "a known type"
    case .i386: "the architecture i386"
    case .tagSize: "the size of such a tag"
    case .loadedHigh: "the flags of a kernel that is loaded high (bit 0, LOADED_HIGH)"
    case .bootFlag: "0xaa55"
    case .jumpOverHeader(let distance):
      "at least 0x\(String(distance, radix: 16)), which skips a header of this version"
    case .sectorsBefore(let start):
      "the number of sectors between the first one and section .text, which starts at byte \(start)"
    case .behindPayload(let units):
      "at least 0x\(String(units, radix: 16)), where the payload ends (payload_offset, payload_length)"
    case .sizeInMemory: "at most 1 GiB, the most that a kernel can occupy"
    case .orderedAddress: "consistent with the header's other addresses"
    }
  }
}

extension KnownImage {
  /// The usual name of the image type.
  var text: String {
    switch self {
    case .zImage: "a zImage (loaded low)"
    case .elfOther(let machine):
      "an ELF file for \(MachineName.elf(machine) ?? "machine \(machine)"), but this machine is "
        + thisMachine
    case .uki: "a unified kernel image (UKI)"
    case .otherImage(let machine):
      "a kernel Image for \(machine), but this machine is \(thisMachine)"
    case .ubootImage(let machine): "an image for U-Boot" + (machine.map { ", for \($0)" } ?? "")
    case .compressed(let format): "data compressed by \(format.name)"
    case .nbi: "an NBI network boot image"
    case .beoboot: "a beoboot image"
    case .efiProgram(let machine):
      machine.map { "an EFI program for \($0), but this machine is \(thisMachine)" }
        ?? "an EFI program without a kernel (it has no section .linux)"
    case .userProgram(let interpreter):
      "a program or library for Linux" + (interpreter.map { " (interpreter \($0))" } ?? "")
    case .objectFile: "an ELF object file, such as a kernel module"
    case .coreDump: "a core dump"
    case .script(let interpreter): "a script for \(interpreter.isEmpty ? "a shell" : interpreter)"
    case .path(let path): "text that names a file: \(quoted(path))"
    case .text(let start): "text that starts with: \(start)"
    case .cpio: "a cpio archive, such as an initrd"
    case .archive(let format): "an archive (\(format))"
    case .deviceTree: "a device tree, or an image for U-Boot"
    case .disk(let format): "a disk or file system (\(format))"
    case .bootSector: "a boot sector, which a BIOS starts from a disk"
    }
  }

  fileprivate var advice: String? {
    switch self {
    case .cpio: "give the kernel first, and this file as --initrd=FILE"
    case .compressed: "it is compressed more than once: decompress it first"
    case .nbi, .beoboot: "no current loader supports such images"
    case .path: "load the file that it names: only a boot loader follows such a path"
    case .deviceTree: "give a device tree as --dtb=FILE, in addition to a kernel"
    default: nil
    }
  }
}

/// The machine whose kernels can be loaded.
private let thisMachine = "x86_64"

func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}
