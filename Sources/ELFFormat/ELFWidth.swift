/// The width of an ELF file's addresses: EI_CLASS.
package enum ELFWidth: UInt8, Equatable, Sendable {
  /// ELFCLASS32.
  case bits32 = 1
  /// ELFCLASS64.
  case bits64 = 2
}
