internal import Compression
internal import KexecPlanning

// The sentences about initrds: what is or may be wrong with them.

extension InitrdReason {
  /// Why an initrd is passed on unchanged.
  var text: String {
    switch self {
    case .unknownContent(let offset):
      "the data at byte \(offset) is neither a cpio archive nor a known compression format"
    case .corrupt(let format, let offset): "at byte \(offset) the \(format) stream is damaged"
    case .notUnpacked(let error, let offset): error.text(from: offset)
    case .noRoom: "there is no free memory for it when it is unpacked"
    case .tooManyParts(let count): "it holds \(count) archives, too many for one load"
    case .tooLarge(let limit):
      "unpacked, it needs more than the \(byteText(UInt64(limit))) that are available"
    case .earlyFiles:
      "it has microcode or ACPI tables in a compressed archive, where the kernel ignores them"
    }
  }
}

extension InitrdDamage {
  /// What is wrong.
  var text: String {
    switch self {
    case .stream(let error, let start): error.text(from: start)
    case .archiveCut(let end): "the archive is truncated at byte \(end), inside a file"
    case .packedArchiveCut(let start, let size):
      "the archive that is compressed at byte \(start) is truncated after \(size) bytes, "
        + "inside a file"
    }
  }
}

extension InitrdSuspicion {
  /// What is wrong with the initrd, and that it does not matter if the initrd is unpacked now.
  func text(isUnpackedNow: Bool) -> String {
    text + (isUnpackedNow && isAboutFormat ? "; it is unpacked now" : "")
  }

  private var text: String {
    switch self {
    case .xzCheck(let name, let offset):
      "xz data with \(name) at byte \(offset): Linux supports only CRC32 or no check (xz --check=crc32)"
    case .lz4Frame(let offset):
      "LZ4 data in the new frame format at byte \(offset): Linux supports only the legacy one (lz4 -l)"
    case .zstdWindow(let size, let offset):
      "zstd data with a window of \(byteText(size)) at byte \(offset): Linux supports at most 128 MiB"
    case .skippableFrame(let offset):
      "a skippable frame comes first, at byte \(offset): Linux does not support that"
    case .unaligned(let offset):
      "the archive at byte \(offset) does not start at a multiple of 4 bytes: Linux ignores it"
    case .otherInside(let offset):
      "other data follows the files of the archive at byte \(offset), "
        + "and Linux ignores the rest"
    case .kernel: "it is a kernel, not an initrd"
    case .unknown(let bytes):
      "neither an archive nor a file system that Linux knows: it starts with \(hexadecimal(bytes))"
    }
  }

  /// Whether the fault is that Linux cannot unpack it. It does not matter if the initrd is unpacked
  /// now.
  private var isAboutFormat: Bool {
    switch self {
    case .xzCheck, .lz4Frame, .zstdWindow: true
    case .skippableFrame, .unaligned, .otherInside, .kernel, .unknown: false
    }
  }
}

extension InitrdUnchecked {
  /// Why a part of an initrd was not examined.
  var text: String {
    switch self {
    case .window(let format):
      "the \(format.name) stream needs a window of more than 128 MiB"
    case .memory(let format): "there is not enough memory to check the \(format.name) stream"
    case .unsupported(let format):
      "the \(format.name) stream needs a dictionary or a filter that is not supported"
    case .tooManyStreams(let count): "it has at least \(count) compressed archives"
    }
  }
}
