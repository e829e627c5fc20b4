import CrashDumps
import KernelImages
import KexecABI
import KexecPlanning
import TestSupport
import Testing

@testable import KexecCommand
@testable import LinuxSystem

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// JSON: which documents are printed when, and their codes. Tests/check-json.py checks after the
  /// tests that every document follows the schema.
  @Suite struct JSONTests {
    private static func text(_ text: String) -> [UInt8]? { Array(text.utf8) }

    /// The whole output is one object.
    private func expectOneObject(_ output: String) {
      #expect(output.hasPrefix("{\n  \"schema\": 1,\n") && output.hasSuffix("\n}\n"))
      #expect(output.split(separator: "\n").count { $0 == "{" } == 1, "\(output)")
    }

    private func errors(_ code: String) -> String { "\"code\": \"\(code)\"" }

    @Test(
      "With --json an error is one JSON object, and the error stream stays the same",
      arguments: [
        ("-l --json @/none", "file.ENOENT"), ("-l --json @/text", "image.unrecognised"),
        ("-l -c --json --mem-max=0xffffff @/vmlinuz", "planning.noRoom"),
        ("-p --json @/vmlinuz", "planning.noCrashRegion"), ("-l --json", "usage"),
        ("status --json x", "usage"), ("report --json", "noStamps"),
        ("-l --json --dry-run --machine=@/none @/vmlinuz", "noMachine"),
        ("--load-jump-back-helper --json", "nothingToReturnTo"),
      ])
    func errorsAreOneJSONObject(line: String, code: String) {
      let kernel = FakeKernel(["/text": [UInt8](repeating: 0x20, count: 2000)])
      #expect(kernel.run(line) != .success)
      expectOneObject(kernel.output)
      #expect(kernel.output.hasPrefix("{\n  \"schema\": 1,\n  \"errors\": [\n"))
      #expect(kernel.output.contains(errors(code)), "\(kernel.output)")
      // The text without --json is unchanged.
      let spoken = FakeKernel(["/text": [UInt8](repeating: 0x20, count: 2000)])
      #expect(spoken.run(line.replacing(" --json", with: "")) != .success)
      #expect(spoken.output == "")
      func inPlace(_ kernel: FakeKernel) -> String {
        kernel.errors.replacing(kernel.tree.path, with: "@")
      }
      #expect(inPlace(kernel) == inPlace(spoken))
    }

    @Test(
      "A load prints its plan as JSON only with --json and without a jump",
      arguments: [("-c", "segments"), ("-s", "file")])
    func loadPrintsPlanOnlyWithJSON(option: String, call: String) {
      let kernel = FakeKernel()
      #expect(kernel.run("-l --json \(option) @/vmlinuz --initrd=@/initrd") == .success)
      expectOneObject(kernel.output)
      #expect(kernel.output.contains("\"reasonCode\": \"asked\""))
      #expect(kernel.output.contains("\"release\": \"6.1.0-56-cloud-amd64\""))
      #expect(kernel.output.contains("\"entry\": null") == (call == "file"))
      #expect(kernel.output.contains("\n  \"errors\": []\n"))
      #expect(kernel.calls.count == 1)
      // Nothing is printed without --json, or if a jump follows.
      let others = [FakeKernel(), FakeKernel()]
      #expect(others[0].run("-l \(option) @/vmlinuz") == .success)
      #expect(others[1].run("-f --json \(option) @/vmlinuz") == .success)
      #expect(others.allSatisfy { $0.output == "" })
    }

    @Test("--load-jump-back-helper with --json prints its plan as one object")
    func jumpBackHelperPrintsItsPlan() {
      let kernel = FakeKernel()
      #expect(kernel.run("--load-jump-back-helper --entry=0x1000 --json") == .success)
      expectOneObject(kernel.output)
      #expect(kernel.output.contains("\"KEXEC_PRESERVE_CONTEXT\""))
    }

    @Test("A refused load with --json prints one object with the plan and the error")
    func refusedLoadPrintsPlanAndError() {
      let kernel = FakeKernel { ($0.kexecLoad, $0.logLines) = ([.busy], ["kexec: no"]) }
      #expect(kernel.run("-l -c --json @/vmlinuz") == .failure)
      expectOneObject(kernel.output)
      #expect(kernel.output.contains(errors("call.EBUSY")))
      #expect(kernel.output.contains("\"kexec: no\"") && kernel.output.contains("\"segments\": ["))
      #expect(kernel.errors.hasPrefix("kexec: cannot load "))
      let back = FakeKernel { $0.kexecLoad = [.busy] }
      #expect(back.run("--load-jump-back-helper --entry=0x1000 --json") == .failure)
      expectOneObject(back.output)
      #expect(back.output.contains(errors("call.EBUSY")))
    }

    @Test("A dry run with --json gives the refusal in the plan and on the error stream")
    func dryRunPlanIncludesTheRefusal() {
      let kernel = FakeKernel(["/proc/sys/kernel/kexec_load_disabled": Self.text("1\n")])
      #expect(kernel.run("-l --dry-run --json @/vmlinuz") == .failure)
      expectOneObject(kernel.output)
      #expect(kernel.output.contains(errors("loadDisabled")))
      #expect(
        kernel.errors.hasPrefix("kexec: the load would be refused: loading and unloading are "))
    }

    @Test("The JSON plan of a load includes the note on flags that the kernel does not know")
    func planIncludesNotesOfTheLoad() {
      let unknown = FakeKernel { $0.kexecFileLoad = [.invalidArgument] }
      #expect(unknown.run("-l -s --no-cma --json @/vmlinuz") == .success)
      expectOneObject(unknown.output)
      #expect(unknown.output.contains(errors("unknownToKernel")))
      #expect(unknown.output.contains("\"KEXEC_FILE_NO_CMA\""))
    }

    @Test("Errors of loads, unloads, jumps and reports have their codes in JSON")
    func errorsHaveCodesInJSON() {
      let rows: [(String, [String: [UInt8]?], String)] = [
        ("-e", ["/sys/kernel/kexec_loaded": Self.text("0\n")], "nothingLoaded"),
        ("-e", ["/proc/self/status": Self.text("CapEff:\t0\n")], "notPermitted"),
        ("-u", ["/proc/sys/kernel/kexec_load_limit_reboot": Self.text("0\n")], "loadLimit"),
        ("-l @/vmlinuz", ["/sys/kernel/kexec_loaded": nil], "notSupported"),
        (
          "-e", [LoadRecords.path(of: .reboot): LoadRecord.bytes(memoryMap: "0x0-0x1")],
          "memoryMapChanged"
        ),
        ("--report", ["/proc/cmdline": Self.text("kexec_stamps=x\n")], "badStamps"),
        (
          "--load-jump-back-helper",
          ["/proc/cmdline": Self.text("kexec_jump_back_entry=x\n")], "badReturnAddress"
        ),
      ]
      for (line, files, code) in rows {
        let kernel = FakeKernel(files)
        #expect(kernel.run("\(line) --json") != .success, "\(line)")
        expectOneObject(kernel.output)
        #expect(kernel.output.contains(errors(code)), "\(line): \(kernel.output)")
      }
      let busy = FakeKernel { ($0.kexecLoad, $0.kexecFileLoad) = ([.notPermitted], [.busy]) }
      #expect(busy.run("-u --json") == .failure)
      #expect(busy.output.contains(errors("call.EPERM")))
      let stopped = FakeKernel { $0.run = .success(3) }
      #expect(stopped.run("--json @/vmlinuz") == .failure)
      #expect(stopped.output.contains(errors("shutdownFailed")))
      let refused = FakeKernel { $0.reboot = .busy }
      #expect(refused.run("-e --json") == .failure)
      #expect(refused.output.contains(errors("call.EBUSY")))
    }

    /// A missing code would break programs that match codes.
    @Test("The JSON schema names every code of notes, reasons and errors")
    func theSchemaNamesEveryCode() {
      let schema = Fixtures.text("/../../docs/json-schema/kexec-1.json")
      // In parts: Swift 6.2 gives up on the types of one long sum.
      var codes = PlanNote.Code.allCases.map(\.rawValue) + RouteReason.Code.allCases.map(\.rawValue)
      codes += PlanningError.Code.allCases.map { ErrorCode.planning($0).text }
      codes += CrashImageError.Code.allCases.map { ErrorCode.dump($0).text }
      codes += Classification.Finding.Code.allCases.map(\.rawValue)
      codes += Downgrade.Code.allCases.map(\.rawValue) + EveryMessageTests.dumpFaults.map(\.code)
      codes += Verification.allCases.map(\.rawValue)
      codes += ImageError.Code.allCases.map { ErrorCode.image($0).text }
      codes += ErrorCode.Situation.allCases.map { ErrorCode.situation($0).text }
      codes += EveryMessageTests.files.dropFirst().map { ErrorCode.file($0).text }
      let reasons =
        OrdinaryEntryReason.Code.allCases.map(\.rawValue)
        + InitrdReason.Code.allCases.map(\.rawValue) + InitrdDamage.Code.allCases.map(\.rawValue)
        + InitrdSuspicion.Code.allCases.map(\.rawValue)
        + InitrdUnchecked.Code.allCases.map(\.rawValue)
        + PlanNote.NoEFIReason.Code.allCases.map(\.rawValue)
      for code in codes + reasons { #expect(schema.contains("\"\(code)\""), "\(code)") }
    }

    @Test("A note with a reason has the code of that reason, and a note without one has none")
    func notesWithAReasonHaveItsCode() {
      #expect(PlanNote.ordinaryEntry(.switchedOff).reasonCode == "switchedOff")
      #expect(PlanNote.initrdUnchanged(0, .noRoom).reasonCode == "noRoom")
      #expect(PlanNote.initrdPartlyUnpacked(0, .tooManyParts(9)).reasonCode == "tooManyParts")
      #expect(PlanNote.noEFI(.mixedMode).reasonCode == "mixedMode")
      #expect(PlanNote.checksOff.reasonCode == nil)
    }

    @Test("Flags are named as in the kernel's header, and unknown bits are hexadecimal")
    func flagsAreNamedAsInTheKernelHeader() {
      let crash = UInt(62 << 16 | 1)
      #expect(LoadCall.segments.flagNames(crash) == ["KEXEC_ON_CRASH", "KEXEC_ARCH_X86_64"])
      #expect(LoadCall.segments.flagNames(0x20_0000 | 0x40) == ["0x40", "0x200000"])
      #expect(
        LoadCall.file.flagNames(0x36) == [
          "KEXEC_FILE_ON_CRASH", "KEXEC_FILE_NO_INITRAMFS", "KEXEC_FILE_NO_CMA",
          "KEXEC_FILE_FORCE_DTB",
        ])
      #expect(LoadCall.file.flagNames(0) == [] && LoadCall.file.flagNames(0x48) == ["0x48"])
    }
  }
}
