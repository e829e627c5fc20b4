internal import Compression
internal import CrashDumps
internal import DumpWriting

/// What is known of a dump that was saved: the file `TARGET-manifest.json`, and what --json prints.
struct DumpManifest {
  /// How far the dump came.
  enum State: String, CaseIterable {
    case complete, incomplete
    /// Only the log and the report were saved.
    case logOnly
  }

  let state: State
  let verification: Verification
  let image: CrashImage
  let source: String
  let target: String
  let request: SaveRequest
  /// The panic's line in the log.
  let panic: String?
  let classification: Classification?
  /// What was written; nil for what is not complete.
  let written: WrittenDump?
  let downgrades: [Downgrade]

  var json: JSON {
    .document(outcome + kernel + pages + contents)
  }

  // In parts: Swift 6.2 gives up on the types of one long list.

  private var outcome: [(String, JSON)] {
    [
      ("state", .string(state.rawValue)), ("verification", .string(verification.rawValue)),
      ("program", .string("kexec \(productVersion)")), ("source", .string(source)),
      ("target", .string(target)), ("format", .string(formatName)),
      ("compression", .optional(compressionName)),
      ("level", .optional(classification.map { UInt64($0.level.rawValue) })),
      ("levels", .array(request.levels.map { .number(UInt64($0.rawValue)) })),
      ("byteCount", .optional(written?.byteCount)),
      (
        "downgrades",
        .array(
          downgrades.map {
            .object([("code", .string($0.code.rawValue)), ("message", .string($0.text))])
          })
      ),
    ]
  }

  private var kernel: [(String, JSON)] {
    [
      ("release", .optional(image.information.release)),
      ("buildID", .optional(image.information.buildID)),
      ("crashTime", .optional(image.information.crashTime)), ("panic", .optional(panic)),
      ("memoryPages", .number(image.frameCount)), ("endPage", .number(image.endFrame)),
    ]
  }

  private var pages: [(String, JSON)] {
    var classes: [(String, JSON)] = []
    for kind in PageClass.allCases where kind != .notMemory {
      classes.append((kind.code, .number(classification?.tally.count(kind) ?? 0)))
    }
    classes.append(("zero", .optional(written?.zeroPages)))
    return [
      ("classes", classification == nil ? .null : .object(classes)),
      ("storedPages", .optional(written?.storedPages)),
      ("sharedPages", .optional(written?.sharedPages)),
      ("leftOutPerCPU", .optional(written?.leftOutPerCPU)),
      ("unreadablePages", .optional(written?.unreadablePages)),
      (
        "findings",
        .array(
          (classification?.findings ?? []).map {
            .object([("code", .string($0.code.rawValue)), ("message", .string($0.text))])
          })
      ),
    ]
  }

  private var contents: [(String, JSON)] {
    [
      (
        "unreadable",
        .array(
          (written?.unreadable ?? []).map {
            .object([("start", .number($0.lowerBound)), ("end", .number($0.upperBound))])
          })
      ),
      (
        "chunks",
        .array(
          (written?.chunks ?? []).map {
            .object([
              ("offset", .number($0.offset)), ("byteCount", .number($0.byteCount)),
              ("sha256", .string(hexDigits($0.digest))),
            ])
          })
      ),
    ]
  }

  private var formatName: String {
    switch request.format {
    case .compressed: "kdumpCompressed"
    case .elf: "elf"
    }
  }

  private var compressionName: String? {
    switch request.format {
    case .compressed(let compression): compression?.rawValue
    case .elf: nil
    }
  }
}

/// Bytes as hexadecimal digits, two each.
private func hexDigits(_ bytes: [UInt8]) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
  return String(decoding: text, as: UTF8.self)
}
