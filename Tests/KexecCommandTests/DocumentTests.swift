import ByteCoding
import CrashDumps
import Glibc
import KernelImages
import KexecABI
import LinuxSystem
import TestSupport
import Testing

@testable import KexecCommand
@testable import KexecPlanning

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// docs/messages.md has an entry for every code: an anchor, and below it a sample, which is what
  /// the program prints. `RECORD_GOLDENS=1` rewrites only the samples.
  @Suite struct DocumentTests {
    private static let path = "/../../docs/messages.md"
    private static let retired = "(no longer printed)"

    @Test("Every code of the JSON Schema has exactly one entry, and no entry has an unknown code")
    func everyCodeHasOneEntry() {
      let entries = Self.entries.map(\.code)
      let wanted = Self.codes
      #expect(wanted.count > 200, "the schema and the calls have \(wanted.count) codes")
      #expect(Set(wanted).count == wanted.count)
      #expect(Set(entries).count == entries.count, "an anchor stands twice")
      #expect(Set(wanted).subtracting(entries).isEmpty, "codes without an entry")
      #expect(Set(entries).subtracting(wanted).isEmpty, "entries of unknown codes")
    }

    @Test("The sample of each entry is what the program prints")
    func samplesAreWhatIsPrinted() {
      let samples = Self.samples
      var lines = Self.lines
      for entry in Self.entries {
        let wanted = "    " + (samples[entry.code] ?? Self.retired)
        guard let number = entry.sample else {
          Issue.record("\(entry.code) has no sample")
          continue
        }
        if Fixtures.isRecording {
          lines[number] = wanted
        } else {
          #expect(lines[number] == wanted, "\(entry.code): RECORD_GOLDENS=1 writes it anew")
        }
      }
      if Fixtures.isRecording {
        #expect(Fixtures.files.replace(Self.path, with: lines.joined(separator: "\n")))
      }
      // A code without a sample is no longer printed.
      #expect(Set(Self.codes).subtracting(samples.keys) == ["planning.argumentStyleUnknown"])
    }

    @Test("Each entry explains its code in at least one sentence")
    func entriesExplain() {
      let lines = Self.lines
      for entry in Self.entries {
        guard let number = entry.sample else { continue }
        let text = lines[(number + 1)...].prefix { !$0.hasPrefix("<a id=") && !$0.hasPrefix("#") }
        #expect(text.contains { $0.hasSuffix(".") || $0.hasSuffix("?") }, "\(entry.code)")
      }
    }
  }
}

extension InvocationTests.DocumentTests {
  /// The lines of docs/messages.md.
  private static var lines: [String] {
    Fixtures.text(path).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  /// The anchors, each with the number of its sample's line.
  private static var entries: [(code: String, sample: Int?)] {
    var entries: [(code: String, sample: Int?)] = []
    for (number, line) in lines.enumerated() {
      if line.hasPrefix("<a id=\""), line.hasSuffix("\"></a>") {
        entries.append((String(line.dropFirst(7).dropLast(6)), nil))
      } else if line.hasPrefix("    "), let last = entries.last, last.sample == nil {
        entries[entries.count - 1].sample = number
      }
    }
    return entries
  }

  /// The codes that the schema lists, and those made from errnos of system calls and files.
  private static var codes: [String] {
    listed("errorCode") + listed("noteCode").map { "note." + $0 }
      + listed("noteReasonCode").map { "noteReason." + $0 }
      + listed("reasonCode").map { "reason." + $0 }
      + listed("dumpFindingCode").map { "dumpFinding." + $0 }
      + listed("dumpDowngradeCode").map { "dumpDowngrade." + $0 }
      + listed("dumpFaultCode").map { "dumpFault." + $0 }
      + callErrors.map { ErrorCode.call($0).text } + fileErrors.map { ErrorCode.file($0).text }
  }

  /// The values in the enumerations of the schema's definition `name`.
  private static func listed(_ name: String) -> [String] {
    let schema = Fixtures.text("/../../docs/json-schema/kexec-1.json")
    guard let start = schema.firstRange(of: "\n    \"\(name)\": {\n") else { return [] }
    let rest = schema[start.upperBound...]
    let definition = rest[..<(rest.firstRange(of: "\n    }")?.lowerBound ?? rest.endIndex)]
    return definition.split(separator: "\"enum\": [").dropFirst().flatMap { list in
      list.prefix { $0 != "]" }.split(separator: "\"").filter { $0.first?.isLetter == true }
        .map(String.init)
    }
  }

  private static let fileErrors = [Errno.noSuchFile, .accessDenied, .inputOutput].map {
    FileError.Reason.errno($0)
  }

  /// Every errno for which the program knows a cause, once.
  private static let callErrors: [Errno] = CallErrorRow.all.map(\.errno).reduce(into: []) {
    if !$0.contains($1), !$1.name.hasPrefix("errno ") { $0.append($1) }
  }

  /// What the program prints, by code.
  private static var samples: [String: String] {
    var samples: [String: String] = [:]
    func add(_ code: String, _ sample: @autoclosure () -> String) {
      if samples[code] == nil { samples[code] = sample() }
    }
    func firstLine(_ error: CommandError) -> String {
      String(error.text.split(separator: "\n")[0])
    }
    func add(_ error: CommandError) { add(error.code.text, firstLine(error)) }
    let request = LoadRequest(kernel: .init(path: "vmlinuz", bytes: SharedBytes([])))
    let machine = TemporaryTree([:]).machine
    for error in EveryMessageTests.planning {
      add(CommandError(error, request: request, machine: machine, after: nil))
    }
    // A fault inside a unified image has the code of that fault.
    for error in EveryMessageTests.images {
      add(ErrorCode.image(error.code).text, firstLine(CommandError(error, path: "vmlinuz")))
    }
    for error in EveryMessageTests.dumps { add(CommandError(error, path: "vmcore")) }
    for finding in EveryMessageTests.dumpFindings {
      add("dumpFinding." + finding.code.rawValue, "note           " + finding.text)
    }
    for downgrade in EveryMessageTests.downgrades {
      add(
        "dumpDowngrade." + downgrade.code.rawValue,
        "kexec: warning: \"vmcore\": " + downgrade.text)
    }
    for fault in EveryMessageTests.dumpFaults {
      add("dumpFault." + fault.code, "  fault       " + fault.text)
    }
    for reason in fileErrors + EveryMessageTests.files {
      add(CommandError(FileError("vmlinuz", reason)))
    }
    for error in EveryMessageTests.logs { add(CommandError(error, path: "vmcore")) }
    let damages = EveryMessageTests.damages.map { PlanNote.initrdDamaged(path: "initrd", $0) }
    for note in EveryMessageTests.notes + damages {
      let line = (note.isWarning ? "kexec: warning: " : "note          ") + note.text
      add("note." + note.code.rawValue, line)
      if let reason = note.reasonCode { add("noteReason." + reason, line) }
    }
    for reason in EveryMessageTests.routes {
      let isFile =
        switch reason {
        case .preferred, .keepsMeasurements, .keepsHandover, .policy, .segmentsRefused: true
        default: false
        }
      let call = isFile ? LoadCall.file : .segments
      add("reason." + reason.code.rawValue, "method    \(call.name), \(reason.text)")
    }
    for errno in callErrors { add(ErrorCode.call(errno).text, printed(byCall: errno)) }
    for (situation, line, kernel) in situations {
      add(situation.rawValue, printed(by: line, kernel, as: situation))
    }
    return samples
  }

  /// The first line of the error that `line` ends with. The directory of the test's files is
  /// replaced.
  private static func printed(
    by line: String, _ kernel: FakeKernel, as situation: ErrorCode.Situation
  ) -> String {
    // A namespace of process ids that is not the first one: that one has a fixed number.
    let links = situation == .inContainer ? ["/proc/self/ns/pid": "pid:[4026532000]"] : [:]
    let session = ["/proc/7/fd/3": "anon_inode:[luo_session] vm1"]
    var made = links
    if situation == .handoverLost {
      #expect(kernel.run("-c -l @/vmlinuz") == .success)
      made = session
    }
    for (path, target) in made { #expect(unsafe symlink(target, kernel.tree.path + path) == 0) }
    defer { for path in made.keys { unsafe unlink(kernel.tree.path + path) } }
    let isWithout =
      line.hasPrefix("status") || situation == .outputLost || situation == .readerGone
    let json = isWithout ? "" : " --json"
    #expect(kernel.run(line + json) != .success, "\(situation)")
    if !json.isEmpty {
      #expect(kernel.output.contains("\"code\": \"\(situation.rawValue)\""), "\(kernel.output)")
    }
    return firstError(of: kernel)
  }

  private static func printed(byCall errno: Errno) -> String {
    func kernel() -> FakeKernel {
      FakeKernel { ($0.kexecLoad, $0.kexecFileLoad, $0.reboot) = ([errno], [errno], errno) }
    }
    let isOfSegments = CallErrorRow.kexecLoad.contains { $0.errno == errno && $0.line == "-l -c" }
    let isOfFile = CallErrorRow.fileLoad.contains { $0.errno == errno }
    let found = kernel()
    let line = isOfSegments ? "-l -c @/vmlinuz" : isOfFile ? "-l -s @/vmlinuz" : "-e"
    #expect(found.run(line) != .success, "\(errno)")
    return firstError(of: found)
  }

  private static func firstError(of kernel: FakeKernel) -> String {
    let lines = kernel.errors.replacing(kernel.tree.path, with: "").split(separator: "\n")
    return lines.first { $0.hasPrefix("kexec: ") && !$0.hasPrefix("kexec: warning: ") }
      .map(String.init) ?? ""
  }

  /// A command line that ends with each situation, and the kernel on which it runs.
  private static var situations: [(ErrorCode.Situation, String, FakeKernel)] {
    func on(
      _ files: [String: String?], _ change: (inout FakeKernel.Answers) -> Void = { _ in }
    ) -> FakeKernel { FakeKernel(files.mapValues { text in text.map { Array($0.utf8) } }, change) }
    let nothingTold = [
      "/sys/kernel/kexec_loaded", "/sys/kernel/kexec_crash_loaded",
      "/sys/kernel/kexec_crash_size", "/sys/kernel/boot_params/data",
    ].reduce(into: [String: String?]()) { $0[$1] = .some(nil) }
    let record = String(
      decoding: LoadRecord.bytes(memoryMap: "0x1000-0x5ffe0000"), as: UTF8.self)
    let stamp = "ffffffffffffff00"
    return [
      (.usage, "--bogus", on([:])),
      (.noMachine, "-l --dry-run --machine=@/none @/vmlinuz", on([:])),
      (
        .otherArchitecture, "--dry-run --machine=@/m -l @/vmlinuz",
        on(["/m/proc/iomem": "0-7fffffff : System RAM\n"])
      ),
      (
        .unknownArchitecture, "--dry-run --machine=@/m -l @/vmlinuz",
        on(["/m/proc/version": "Linux\n"])
      ),
      (.outputLost, "--version", on([:]) { $0.output = Errno(rawValue: ENOSPC) }),
      (.streamsClosed, "-S", on([:]) { $0.canHoldClosedStreams = false }),
      (.stateUnknown, "status", on(nothingTold)),
      (.nothingLoaded, "-e", on(["/sys/kernel/kexec_loaded": "0\n"])),
      (
        .handoverLost, "-e",
        on(["/dev/liveupdate": "", "/proc/7/comm": "agent\n", "/proc/7/fd/x": ""])
      ),
      (.notPermitted, "-e", on(["/proc/self/status": "CapEff:\t0\n"])),
      (.loadDisabled, "-l @/vmlinuz", on(["/proc/sys/kernel/kexec_load_disabled": "1\n"])),
      (.loadLimit, "-l @/vmlinuz", on(["/proc/sys/kernel/kexec_load_limit_reboot": "0\n"])),
      (.notSupported, "-l @/vmlinuz", on(["/sys/kernel/kexec_loaded": String?.none])),
      (.memoryMapChanged, "-e", on([LoadRecords.path(of: .reboot): record])),
      (
        .fileChanged, "-l -c --initrd=@/initrd @/vmlinuz",
        on([:]) { $0.duringLoad = { _ = unsafe truncate($0.root + "/initrd", 1) } }
      ),
      (.inContainer, "-e", on(["/proc/self/ns/net": ""])),
      (.notSynced, "-e --force-sync", on([:]) { $0.syncMount = ["/": .inputOutput] }),
      (.shutdownFailed, "@/vmlinuz", on([:]) { $0.run = .success(3) }),
      (.nothingToReturnTo, "--load-jump-back-helper", on([:])),
      (
        .badReturnAddress, "--load-jump-back-helper",
        on(["/proc/cmdline": "kexec_jump_back_entry=x\n"])
      ),
      (.noStamps, "--report", on([:])),
      (.badStamps, "--report", on(["/proc/cmdline": "kexec_stamps=x\n"])),
      (
        .counterSetBack, "--report",
        on(["/proc/cmdline": "kexec_stamps=\(stamp),\(stamp),\(stamp),\(stamp)\n"])
      ),
    ] + savingSituations
  }

  /// The same for the saving of dumps.
  private static var savingSituations: [(ErrorCode.Situation, String, FakeKernel)] {
    let dump = CrashImageBuilder().bytes
    func on(_ change: (inout FakeKernel.Answers) -> Void) -> FakeKernel {
      FakeKernel(["/vmcore": dump, "/flat": FlattenedBuilder(dump).bytes(isCut: true)], change)
    }
    let line = "dump @/vmcore @/dump"
    return [
      (.noSpace, line, on { $0.outputLimit = (40_000, .failure(.noSpace)) }),
      (.interrupted, line, on { $0.interrupt = (40_000, 15) }),
      (.targetFailed, line, on { $0.outputLimit = (40_000, .failure(.inputOutput)) }),
      (.readerGone, "dump @/vmcore -", on { $0.outputLimit = (0, .failure(.brokenPipe)) }),
      (.wrongDump, line, on { $0.damagedByte = 70_000 }),
      (.cutShort, "dump convert @/flat @/dump", on { _ in }),
    ]
  }
}
