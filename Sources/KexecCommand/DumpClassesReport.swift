internal import CrashDumps

/// How many pages of a dump are in which class.
struct DumpClassesReport {
  let image: CrashImage
  let classification: Classification

  init(_ image: CrashImage, _ classification: Classification) {
    self.image = image
    self.classification = classification
  }

  func text(on terminal: Terminal) -> String {
    let tally = classification.tally
    var lines = ""
    func add(_ name: String, _ pages: UInt64, _ meaning: String) {
      lines += terminal.row(
        name.padded(to: 15) + "\(pages)".rightAligned(to: 12) + "  "
          + byteText(pages << 12).padded(to: 11), meaning, column: 40)
    }
    for kind in PageClass.allCases where kind != .notMemory {
      add(kind.name, tally.count(kind), kind.text)
    }
    if let zeros = classification.zeroPages { add("zero", zeros, "kept pages of zeros") }
    if classification.level.contains(.free) {
      add("per-CPU free", classification.perCPUFree, "kept pages that are free for one processor")
    }
    for finding in classification.findings {
      lines += terminal.row("note".padded(to: 15), finding.text, column: 15)
    }
    return lines
  }

  var json: JSON {
    let tally = classification.tally
    var classes: [(String, JSON)] = []
    for kind in PageClass.allCases where kind != .notMemory {
      classes.append((kind.code, .number(tally.count(kind))))
    }
    classes.append(("zero", .optional(classification.zeroPages)))
    return .document([
      ("release", .optional(image.information.release)),
      ("buildID", .optional(image.information.buildID)),
      ("crashTime", .optional(image.information.crashTime)),
      ("level", .number(UInt64(classification.level.rawValue))),
      ("memoryPages", .number(image.frameCount)),
      ("endPage", .number(image.endFrame)),
      ("classes", .object(classes)),
      ("freeFound", .number(tally.freeFound)),
      ("freeCounter", .optional(classification.freeCounter)),
      (
        "perCPUFree",
        classification.level.contains(.free) ? .number(classification.perCPUFree) : .null
      ),
      (
        "findings",
        .array(
          classification.findings.map {
            .object([("code", .string($0.code.rawValue)), ("message", .string($0.text))])
          })
      ),
    ])
  }
}
