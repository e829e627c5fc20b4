internal import Compression
internal import KexecPlanning

// The sentences about initrds: what is wrong with them, and what may be.

extension InitrdReason {
  /// Why an initrd is passed on as it is.
  var text: String {
    switch self {
    case .unknownContent(let offset):
      "at byte \(offset) there is neither a cpio archive nor a known compression"
    case .corrupt(let format, let offset): "at byte \(offset) the \(format) stream is damaged"
    case .notUnpacked(let error, let offset): error.text(from: offset)
    case .noRoom: "unpacked it would have no place in memory"
    case .tooManyParts(let count): "it holds \(count) archives, too many for one load"
    case .tooLarge(let limit):
      "unpacked it takes more than the \(byteText(UInt64(limit))) that memory has room for"
    case .earlyFiles:
      "it has microcode or ACPI tables, which count in plain archives only"
    }
  }
}

extension InitrdDamage {
  /// What is wrong.
  var text: String {
    switch self {
    case .stream(let error, let start): error.text(from: start)
    case .archiveCut(let end): "the archive is cut off at byte \(end), inside a file"
    case .packedArchiveCut(let start, let size):
      "the archive that is compressed from byte \(start) on is cut off after \(size) bytes, "
        + "inside a file"
    }
  }
}

extension InitrdSuspicion {
  /// What stands against the initrd, and whether it does not matter since it is unpacked now.
  func text(isUnpackedNow: Bool) -> String {
    text + (isUnpackedNow && isAboutFormat ? ": so it is unpacked now" : "")
  }

  private var text: String {
    switch self {
    case .xzCheck(let name, let offset):
      "xz with \(name) at byte \(offset), where Linux knows CRC32 or none (xz --check=crc32)"
    case .lz4Frame(let offset):
      "LZ4's new frame at byte \(offset), where Linux knows the legacy one (lz4 -l)"
    case .zstdWindow(let size, let offset):
      "zstd with a window of \(byteText(size)) at byte \(offset), where Linux takes 128 MiB at most"
    case .skippableFrame(let offset):
      "a frame to be skipped comes first, at byte \(offset), where Linux knows no such thing"
    case .unaligned(let offset):
      "the archive at byte \(offset) does not start at a multiple of 4: Linux passes over it"
    case .otherInside(let offset):
      "behind the files of the archive at byte \(offset) comes something else, "
        + "and Linux passes over the rest"
    case .kernel: "it is a kernel, not an initrd"
    case .unknown(let bytes):
      "neither an archive nor a file system that Linux knows: it starts with \(hexadecimal(bytes))"
    }
  }

  /// Whether Linux cannot unpack it, which does not matter when it is unpacked before.
  private var isAboutFormat: Bool {
    switch self {
    case .xzCheck, .lz4Frame, .zstdWindow: true
    case .skippableFrame, .unaligned, .otherInside, .kernel, .unknown: false
    }
  }
}

extension InitrdUnchecked {
  /// Why a part of an initrd was not looked into.
  var text: String {
    switch self {
    case .window(let format):
      "the \(format.name) stream wants a window of more than 128 MiB"
    case .memory(let format): "there is too little memory to look into the \(format.name) stream"
    case .unsupported(let format):
      "the \(format.name) stream needs what is not here (a dictionary, a filter)"
    case .tooManyStreams(let count): "it has \(count) compressed archives or more"
    }
  }
}
