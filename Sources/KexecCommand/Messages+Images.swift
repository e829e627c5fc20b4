internal import Compression
internal import KernelImages

// The sentences about kernel files: what they are, and what is wrong with them.

extension CommandError {
  init(_ error: ImageError, path: String) {
    switch error {
    case .truncated(let missing, let needs, let has):
      self.init(
        "\(path): truncated: \(missing.text) ends at byte \(needs), but the file has only \(has)",
        advice: "copy the file again; nothing was loaded or unloaded")
    case .unrecognised(let firstBytes):
      self.init(
        "\(path): not a kernel that I know: it starts with \(hexadecimal(firstBytes))"
          + " and has no setup header (HdrS at offset 0x202)")
    case .unsupported(let kind):
      self.init("\(path): \(kind.text): not supported yet", advice: kind.advice)
    case .repeated(let section, let offset):
      self.init("\(path): a second section \(section), at offset 0x\(String(offset, radix: 16))")
    case .inside(let section, let offset, let error):
      self.init(error, path: "\(path), section \(section) at 0x\(String(offset, radix: 16))")
    case .badField(let name, let offset, let found, let wanted):
      self.init(
        "\(path): \(name) at offset 0x\(String(offset, radix: 16)) is "
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
    }
  }
}

extension FieldRule {
  fileprivate var text: String {
    switch self {
    case .powerOfTwo: "a power of two"
    case .beyond64BitEntry: "more than the 0x200 bytes before the 64-bit entry"
    case .behindHeaders(let end): "behind the \(end) bytes of headers"
    case .behindSection(let name, let end): "behind section \(name), which ends at \(end)"
    case .sizeOfKernel: "that of a kernel"
    }
  }
}

extension KnownImage {
  /// What people call it.
  var text: String {
    switch self {
    case .zImage: "a zImage (loaded low)"
    case .elf64: "an x86_64 ELF file (vmlinux)"
    case .elf32: "an i386 ELF file"
    case .elfOther: "an ELF file for another machine"
    case .multiboot: "a multiboot kernel"
    case .multiboot2: "a multiboot 2 kernel"
    case .uki: "a unified kernel image (UKI)"
    case .efiProgram: "an EFI program without a kernel (it has no section .linux)"
    case .otherImage: "a kernel Image for arm64 or riscv64"
    case .compressed(let format): "compressed by \(format.name)"
    case .cpio: "a cpio archive, as initrds are"
    case .nbi: "an NBI image"
    }
  }

  fileprivate var advice: String? {
    switch self {
    case .cpio: "the kernel comes first, the initrd as --initrd=FILE"
    case .compressed: "unpack it first"
    default: nil
    }
  }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}
