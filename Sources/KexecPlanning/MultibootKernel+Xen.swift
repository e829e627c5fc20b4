internal import ByteCoding
internal import KernelImages

extension MultibootKernel {
  /// Whether this is the Xen hypervisor, which has the format of its banner in it.
  ///
  /// Started as a multiboot kernel it looks for ACPI, for memory below 640 KiB and for space for itself
  /// where a BIOS has told of them: not where EFI firmware has.
  var isXen: Bool { file.firstOffset(of: Array("Xen version %d.%d".utf8)) != nil }
}
