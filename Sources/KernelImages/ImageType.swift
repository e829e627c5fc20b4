/// The types of images that can be named by `--type`, in the order in which they are looked for: a
/// multiboot kernel may also be an ELF file. The raw value is the name.
package enum ImageType: String, CaseIterable, Sendable {
  /// A multiboot 2 kernel.
  case multiboot2 = "multiboot2-x86"
  /// A multiboot 1 kernel.
  case multiboot = "multiboot-x86"
  /// An ELF executable for x86_64.
  case elf64 = "elf-x86_64"
  /// An ELF executable for i386.
  case elf32 = "elf-x86"
  /// A bzImage with a 64-bit entry.
  case bzImage64 = "bzImage64"
  /// A bzImage of any kind: scripts name it for those with a 64-bit entry too.
  case bzImage = "bzImage"
  /// A unified kernel image.
  case uki = "uki"
  /// A network boot image: known by name only.
  case nbi = "nbi-x86"
  /// A boot image of the Beowulf clusters: known by name only.
  case beoboot = "beoboot-x86"
}
