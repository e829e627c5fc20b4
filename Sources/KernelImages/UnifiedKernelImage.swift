package import ByteCoding
package import Compression

/// A unified kernel image (UKI): an EFI program with a kernel and what belongs to it, each in a section of
/// its own. Documented in the UAPI Group's "Unified Kernel Image" and in systemd-stub(7).
///
/// Of an image with several profiles this is profile 0, the default of firmware. Its own sections take
/// precedence over those that all profiles share.
package struct UnifiedKernelImage: Sendable {
  /// The kernel in `.linux`.
  package let kernel: KernelImage
  /// The kernel's file: `.linux` without padding, unpacked when it was compressed as a whole.
  package let kernelFile: SharedBytes
  /// How `.linux` was compressed; nil when nothing had to be unpacked.
  package let packing: CompressionFormat?
  /// The known sections that are in force, in the file's order.
  package let sections: [Section]
  /// How many profiles the image has; 0 if it has no sections for profiles.
  package let profileCount: Int
  /// Whether the image itself is signed.
  package let isSigned: Bool

  /// A section that is not empty.
  package struct Section: Sendable {
    /// What it is for.
    package let kind: Kind
    /// Its bytes.
    package let bytes: SharedBytes
  }

  /// The sections that an image may have, by their names.
  package enum Kind: String, CaseIterable, Sendable {
    /// The kernel.
    case kernel = ".linux"
    /// The initrd.
    case initrd = ".initrd"
    /// The kernel's command line.
    case commandLine = ".cmdline"
    /// A cpio archive with microcode, to be put before the initrd.
    case microcode = ".ucode"
    /// A flattened device tree.
    case deviceTree = ".dtb"
    /// os-release(5) of the system in the initrd.
    case osRelease = ".osrel"
    /// The kernel's release, as `uname -r` prints it.
    case release = ".uname"
    /// The start of a profile.
    case profile = ".profile"
    /// Generation numbers for revoking EFI programs.
    case sbat = ".sbat"
    /// The image that the EFI stub shows.
    case splash = ".splash"
    /// Signatures of the measurements of the image.
    case pcrSignatures = ".pcrsig"
    /// The public key for them.
    case pcrKey = ".pcrpkey"
    /// Device trees for the EFI stub to choose from.
    case automaticDeviceTree = ".dtbauto"
    /// Names of machines, for that choice.
    case hardwareIDs = ".hwids"
    /// Firmware for the EFI stub to choose from.
    case firmware = ".efifw"

    /// Whether it is loaded, so that an image may have only one section of this kind.
    var isLoaded: Bool {
      switch self {
      case .kernel, .initrd, .commandLine, .microcode, .deviceTree: true
      default: false
      }
    }
  }

  /// The bytes of the section of that kind, or nil when there is none.
  package func section(_ kind: Kind) -> SharedBytes? {
    sections.first { $0.kind == kind }?.bytes
  }
}

extension UnifiedKernelImage {
  /// Reads the image in `file`; nil when it is not an EFI program with a `.linux` section. The kernel is
  /// unpacked into at most `limit` bytes.
  init?(_ file: SharedBytes, unpackedLimit limit: Int) throws(ImageError) {
    var profileCount = 0
    guard let all = try PESection.all(in: file.span, where: { Kind(rawValue: $0) != nil }),
      all.contains(where: { $0.name == Kind.kernel.rawValue })
    else { return nil }
    try PESection.checkOverlaps(all)

    // Sections before the first .profile are shared; each .profile starts the next profile.
    var shared: [PESection] = []
    var own: [PESection] = []
    for section in all {
      if section.name == Kind.profile.rawValue { profileCount += 1 }
      switch profileCount {
      case 0: shared.append(section)
      case 1: own.append(section)
      default: break
      }
    }
    try Self.checkUnique(shared)
    try Self.checkUnique(own)
    let ownNames = Set(own.map { $0.name })
    let inForce = shared.filter { !ownNames.contains($0.name) } + own

    guard let linux = inForce.first(where: { $0.name == Kind.kernel.rawValue }) else {
      throw .unsupported(.efiProgram(machine: nil))
    }
    guard let section = Self.bytes(of: linux, in: file) else {
      throw .badField(
        name: "VirtualSize of .linux", offset: linux.header + PEHeader.virtualSize.offset,
        found: 0, wanted: .sizeOfKernel)
    }
    do {
      let unpacked = try KernelFile(Self.withoutPadding(section), limit: limit)
      kernelFile = unpacked.bytes
      packing = unpacked.packing
      kernel = try KernelImage.openInner(kernelFile)
    } catch {
      throw .inside(section: linux.name, offset: linux.bytes.lowerBound, error)
    }
    sections = inForce.compactMap { section in
      guard let kind = Kind(rawValue: section.name),
        let bytes = Self.bytes(of: section, in: file)
      else { return nil }
      return Section(kind: kind, bytes: bytes)
    }
    self.profileCount = profileCount
    isSigned = (try? PEHeader(file.span))??.certificates(in: file.span) != nil
  }

  private static func checkUnique(_ sections: [PESection]) throws(ImageError) {
    var seen: Set<String> = []
    for section in sections where Kind(rawValue: section.name)?.isLoaded == true {
      guard seen.insert(section.name).inserted else {
        throw .repeated(section: section.name, offset: section.header)
      }
    }
  }

  private static func bytes(of section: PESection, in file: SharedBytes) -> SharedBytes? {
    section.bytes.isEmpty ? nil : try? file.slice(section.bytes)
  }

  /// Sections are padded, but a kernel's signature is valid only without bytes behind it.
  private static func withoutPadding(_ kernel: SharedBytes) -> SharedBytes {
    let span = kernel.span
    guard let certificates = (try? PEHeader(span))??.certificates(in: span),
      let exact = try? kernel.slice(0..<certificates.upperBound)
    else { return kernel }
    return exact
  }
}

extension KernelImage {
  /// Whether the file contains an initrd.
  package var holdsInitrd: Bool {
    if case .unified(let image) = self { image.section(.initrd) != nil } else { false }
  }
}

extension UnifiedKernelImage {
  /// The command line in the image without spaces at its ends; nil when there is none.
  ///
  /// Line ends become spaces, as with the EFI stub.
  package var commandLine: String? {
    section(.commandLine).flatMap { text(of: $0, limit: .kibibytes(64)) }
  }

  /// The name of the system in the image: PRETTY_NAME of its os-release(5).
  package var systemName: String? {
    guard let file = section(.osRelease),
      let start = try? file.slice(0..<min(file.count, .kibibytes(64)))
    else { return nil }
    let lines = start.array.split(separator: UInt8(ascii: "\n"))
    let key = Array("PRETTY_NAME=".utf8)
    guard let line = lines.last(where: { $0.starts(with: key) }) else { return nil }
    let quotes = [UInt8(ascii: "\""), UInt8(ascii: "'")]
    var value = line.dropFirst(key.count)
    if let first = value.first, quotes.contains(first) { value.removeFirst() }
    if let last = value.last, quotes.contains(last) { value.removeLast() }
    return text(of: SharedBytes(Array(value)), limit: 256)
  }

  /// The kernel's release according to the image.
  package var release: String? {
    section(.release).flatMap { text(of: $0, limit: 256) }
  }

  /// The text up to the first NUL, with spaces for control characters; nil when it is empty.
  private func text(of bytes: SharedBytes, limit: Int) -> String? {
    let start = (try? bytes.slice(0..<min(bytes.count, limit)).array) ?? []
    let space = UInt8(ascii: " ")
    var text = start.prefix { $0 != 0 }.map { $0 < space || $0 == 0x7F ? space : $0 }[...]
    while text.last == space { text.removeLast() }
    text = text.drop { $0 == space }
    return text.isEmpty ? nil : String(lossless: text)
  }
}
