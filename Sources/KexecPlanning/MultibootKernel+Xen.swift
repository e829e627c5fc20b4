internal import ByteCoding
internal import KernelImages

extension MultibootKernel {
  /// Whether this is the Xen hypervisor, which is recognised by the format string of its banner.
  ///
  /// As a multiboot kernel, Xen looks for ACPI, for memory below 640 KiB and for free memory in tables of the
  /// BIOS, but not in those of EFI firmware.
  var isXen: Bool { file.firstOffset(of: Array("Xen version %d.%d".utf8)) != nil }
}
