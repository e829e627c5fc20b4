package import ByteCoding

/// An ELF executable as a kernel: vmlinux, or another system's.
package struct ELFKernel: Sendable {
  /// What its headers say.
  package let headers: ELFFile
  /// The whole file.
  package let file: SharedBytes
  /// Whether it is a Linux kernel.
  package let isLinux: Bool

  /// Reads the executable in `file`, which is for `machine`; nil when it is no such.
  init?(_ file: SharedBytes, machine: UInt16) throws(ImageError) {
    guard ELFFile.isRecognised(in: file.span),
      (try? file.span.load(ELFFile.Layout.machine)) == machine
    else { return nil }
    headers = try ELFFile(file.span)
    self.file = file
    isLinux = headers.isLinux(in: file.span)
    guard !headers.parts.isEmpty else {
      throw .badField(
        name: "PT_LOAD count", offset: 0, found: 0, wanted: .nonzero)
    }
    guard headers.parts.contains(where: { $0.holds(headers.entry) }) else {
      throw .badField(
        name: "e_entry", offset: ELFFile.Layout.entry.wide.offset, found: headers.entry,
        wanted: .insidePart)
    }
  }

  /// e_machine of x86_64. EM_X86_64.
  static let x86_64: UInt16 = 62
  /// e_machine of i386. EM_386.
  static let i386: UInt16 = 3
}
