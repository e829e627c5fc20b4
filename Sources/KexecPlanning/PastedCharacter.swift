internal import RunningSystem

/// A character that word processors and web pages write in place of one that a shell and a kernel understand.
/// It looks nearly the same and has no meaning to them.
package struct PastedCharacter: Equatable, Sendable {
  /// What it stands for.
  package enum Kind: Equatable, Sendable {
    /// The `-` of an option.
    case dash
    /// `"` or `'`.
    case quote
    /// A space.
    case space
    /// Nothing: it has no width.
    case invisible
  }

  /// The character.
  package let scalar: Unicode.Scalar
  /// What it stands for.
  package let kind: Kind

  /// `scalar`, if it is such a character.
  package init?(_ scalar: Unicode.Scalar) {
    switch scalar.value {
    case 0x2010...0x2015, 0x2212, 0xFE58, 0xFE63, 0xFF0D: kind = .dash
    case 0x2018...0x201F, 0x2032...0x2036, 0x2039, 0x203A, 0x00AB, 0x00BB, 0x00B4, 0xFF02, 0xFF07:
      kind = .quote
    case 0x00A0, 0x1680, 0x2000...0x200A, 0x202F, 0x205F, 0x3000: kind = .space
    case 0x00AD, 0x200B...0x200F, 0x202A...0x202E, 0x2060, 0xFEFF: kind = .invisible
    default: return nil
    }
    self.scalar = scalar
  }

  /// The first in `text`.
  package init?(in text: some StringProtocol) {
    // Most texts are ASCII.
    guard !text.utf8.allSatisfy({ $0 < 0x80 }),
      let found = text.unicodeScalars.lazy.compactMap({ PastedCharacter($0) }).first
    else { return nil }
    self = found
  }

  /// The first one in a kernel command line that a kernel would take for a part of a word. A dash counts only
  /// where a word begins, since inside a value it may be intended.
  init?(inCommandLine text: String) {
    guard !text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
    for word in KernelCommandLine(text).words {
      for (index, scalar) in word.unicodeScalars.enumerated() {
        guard let found = PastedCharacter(scalar), found.kind != .dash || index == 0 else {
          continue
        }
        self = found
        return
      }
    }
    return nil
  }
}
