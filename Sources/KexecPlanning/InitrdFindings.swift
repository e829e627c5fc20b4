package import Compression

/// What was found out about an initrd file while it was read.
package struct InitrdFindings: Equatable, Sendable {
  /// What is certainly wrong with it, if anything.
  package internal(set) var damage: InitrdDamage?
  /// What may be wrong with it, each once.
  package internal(set) var suspicions: [InitrdSuspicion] = []
  /// Why a part of it was not looked into; nil when all was.
  package internal(set) var unchecked: InitrdUnchecked?
  /// The formats of its compressed archives, each with the offset of the first one.
  var formats: [CompressionFormat: Int] = [:]
  /// The releases of which there are modules.
  var moduleReleases: Set<String> = []

  /// Notes `suspicion` once.
  mutating func suspect(_ suspicion: InitrdSuspicion) {
    if !suspicions.contains(where: { $0.code == suspicion.code }) { suspicions.append(suspicion) }
  }
}

/// What makes an initrd certainly damaged.
package enum InitrdDamage: Equatable, Sendable {
  /// The compressed archive that starts at this byte of the file does not unpack. The error's offset
  /// counts from there.
  case stream(CompressionError, start: Int)
  /// The file ends at this byte, inside a member of an archive.
  case archiveCut(at: Int)
  /// What the stream at this byte of the file unpacks to, that many bytes, ends inside a member.
  case packedArchiveCut(start: Int, unpackedSize: Int)
}

/// What makes an initrd suspect. Offsets are bytes of the file.
package enum InitrdSuspicion: Equatable, Sendable {
  /// An xz stream with this kind of checksum: Linux knows only CRC32 and none.
  case xzCheck(String, offset: Int)
  /// A current LZ4 frame: Linux knows only the legacy format.
  case lz4Frame(offset: Int)
  /// A zstd stream that needs a window of this many bytes: Linux has 128 MiB at most.
  case zstdWindow(UInt64, offset: Int)
  /// It starts with a frame that zstd and lz4 skip: Linux does not recognise that.
  case skippableFrame(offset: Int)
  /// An archive behind a compressed one that does not start at a multiple of four: Linux passes over it.
  case unaligned(offset: Int)
  /// What follows the last member, inside the compressed archive at this byte, is no archive.
  case otherInside(offset: Int)
  /// The file is a kernel.
  case kernel
  /// It is neither an archive nor a file system that Linux takes as initial RAM disk.
  case unknown(firstBytes: [UInt8])
}

/// Why a part of an initrd was not looked into.
package enum InitrdUnchecked: Equatable, Sendable {
  /// The stream needs a window of more than 128 MiB, the most that is provided for looking.
  case window(CompressionFormat)
  /// There is not enough memory to unpack the stream in chunks: for its window or for the decoder.
  case memory(CompressionFormat)
  /// The stream needs a feature that this program lacks.
  case unsupported(CompressionFormat)
  /// It has more compressed archives than any initrd.
  case tooManyStreams(Int)
}
