package import ByteCoding
internal import ELFFormat

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
    guard ELFHeaders.isRecognised(in: file.span),
      (try? file.span.load(ELFLayout.File.machine)) == machine
    else { return nil }
    if let kind = ELFFile.unstartable(file.span) { throw .unsupported(kind) }
    headers = try ELFFile(file.span)
    self.file = file
    isLinux = headers.isLinux(in: file.span)
    if !isLinux, let kind = headers.userProgram(in: file.span) { throw .unsupported(kind) }
    guard !headers.parts.isEmpty else {
      throw .badField(
        name: "PT_LOAD count", offset: 0, found: 0, wanted: .nonzero)
    }
    guard headers.parts.contains(where: { $0.holds(headers.entry) }) else {
      throw .badField(
        name: "e_entry", offset: ELFLayout.File.entry.wide.offset, found: headers.entry,
        wanted: .insidePart)
    }
  }
}
