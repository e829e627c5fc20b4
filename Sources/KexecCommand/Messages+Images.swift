internal import Compression
internal import KernelImages

// The sentences about kernel files: what they are, and what is wrong with them.

extension CommandError {
  init(_ error: ImageError, path: String) {
    self.init(error, of: quoted(path))
  }

  /// `file` is what messages call the file, or the part of it.
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
        "\(file): not a kernel that I know: it starts with \(hexadecimal(firstBytes))"
          + " and has no setup header (HdrS at offset 0x202)")
    case .unsupported(let kind):
      self.init(
        code,
        kind.isKernel
          ? "\(file): \(kind.text): not supported" : "\(file): no kernel, but \(kind.text)",
        advice: kind.advice)
    case .notUnpacked(let error, let start):
      self.init(
        code,
        "\(file): cannot be unpacked: \(error.text(from: start))",
        advice: error.isDamage ? "copy the file again" : "unpack it elsewhere first")
    case .otherType(let wanted, let found):
      self.init(
        code,
        "\(file): not of type \(wanted.rawValue)"
          + (found.map { ", but \($0.rawValue)" } ?? ""),
        advice: found.map { "give --type=\($0.rawValue), or leave --type out" })
    case .badPart(let fault, let index, let offset, let found):
      self.init(
        code,
        "\(file): program header \(index) at offset 0x\(String(offset, radix: 16)) "
          + "has 0x\(String(found, radix: 16)): \(fault.text)")
    case .repeated(let section, let offset):
      self.init(
        code, "\(file): a second section \(section), at offset 0x\(String(offset, radix: 16))")
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
    case .loadedPart(let index): "part \(index) of the kernel"
    case .multibootHeader: "the multiboot header"
    }
  }
}

extension PartFault {
  fileprivate var text: String {
    switch self {
    case .moreBytesThanMemory: "more bytes in the file than in memory"
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
      "the \(format.name) stream is cut off at byte \(start + offset)"
    case .unsupported(let format, let offset):
      "the \(format.name) stream needs what is not here (a dictionary, a filter), at byte "
        + "\(start + offset)"
    case .tooLarge(let limit):
      "it takes more than \(byteText(UInt64(limit))), and that is the limit "
        + "(half of the free memory, at most 4 GiB)"
    case .windowTooLarge(let format):
      "the \(format.name) stream wants a window of more than \(format == .zstd ? "2 GiB" : "256 MiB")"
    case .outOfMemory(0): "there is too little memory for it"
    case .outOfMemory(let wanted): "there are no \(byteText(UInt64(wanted))) of memory for it"
    }
  }
}

/// The names that `--type` takes. Written out: to join them takes a sixth of the program's start.
let imageTypeNames =
  "multiboot2-x86, multiboot-x86, elf-x86_64, elf-x86, bzImage64, bzImage, uki, nbi-x86, beoboot-x86"

extension FieldRule {
  fileprivate var text: String {
    switch self {
    case .powerOfTwo: "a power of two"
    case .beyond64BitEntry: "more than the 0x200 bytes before the 64-bit entry"
    case .behindHeaders(let end): "behind the \(end) bytes of headers"
    case .behindSection(let name, let end): "behind section \(name), which ends at \(end)"
    case .sizeOfKernel: "that of a kernel"
    case .elfMagic: "that of an ELF file"
    case .littleEndianClass: "that of a little-endian ELF file of 32 or 64 bits"
    case .executable: "that of an executable"
    case .programHeaderSize: "the size of a program header"
    case .insidePart: "an address in what is loaded"
    case .nonzero: "more"
    case .below4GiB: "below 4 GiB"
    case .knownFlags: "a set of features that I know"
    case .knownTag: "a type that I know"
    case .i386: "that of i386"
    case .tagSize: "the size of such a tag"
    case .loadedHigh: "that of a kernel for high memory (bit 0, LOADED_HIGH)"
    case .bootFlag: "0xaa55"
    case .jumpOverHeader(let distance):
      "at least 0x\(String(distance, radix: 16)), which leads over a header of its version"
    case .sectorsBefore(let start):
      "the number of sectors behind the first and before section .text, which starts at byte \(start)"
    case .behindPayload(let units):
      "0x\(String(units, radix: 16)) or more, up to where the payload ends (payload_offset, payload_length)"
    case .sizeInMemory: "at most 1 GiB, which is all that a kernel can take"
    case .orderedAddress: "in order with the header's other addresses"
    }
  }
}

extension KnownImage {
  /// What people call it.
  var text: String {
    switch self {
    case .zImage: "a zImage (loaded low)"
    case .elfOther(let machine):
      "an ELF file for \(MachineName.elf(machine) ?? "machine \(machine)"), and this machine is "
        + thisMachine
    case .uki: "a unified kernel image (UKI)"
    case .otherImage(let machine):
      "a kernel Image for \(machine), and this machine is \(thisMachine)"
    case .ubootImage(let machine): "an image for U-Boot" + (machine.map { ", for \($0)" } ?? "")
    case .compressed(let format): "compressed by \(format.name)"
    case .nbi: "an NBI network boot image"
    case .beoboot: "a beoboot image"
    case .efiProgram(let machine):
      machine.map { "an EFI program for \($0), and this machine is \(thisMachine)" }
        ?? "an EFI program without a kernel (it has no section .linux)"
    case .userProgram(let interpreter):
      "a program or library for Linux" + (interpreter.map { ", which \($0) starts" } ?? "")
    case .objectFile: "an ELF object file, as modules of kernels are"
    case .coreDump: "a dump of memory"
    case .script(let interpreter): "a script for \(interpreter.isEmpty ? "a shell" : interpreter)"
    case .path(let path): "the path of a file: \(quoted(path))"
    case .text(let start): "text, which starts with: \(start)"
    case .cpio: "a cpio archive, as initrds are"
    case .archive(let format): "an archive (\(format))"
    case .deviceTree: "a device tree, or an image for U-Boot"
    case .disk(let format): "a disk or file system (\(format))"
    case .bootSector: "a boot sector, which a BIOS starts from a disk"
    }
  }

  fileprivate var advice: String? {
    switch self {
    case .cpio: "the kernel comes first, the initrd as --initrd=FILE"
    case .compressed: "it is packed more than once: unpack it first"
    case .nbi, .beoboot: "no loader has been able to load these for years"
    case .path: "load that file itself: a boot loader would look for it on its own file system"
    case .deviceTree: "a device tree is given as --dtb=FILE, beside a kernel"
    default: nil
    }
  }
}

/// The machine whose kernels are loaded.
private let thisMachine = "x86_64"

func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}
