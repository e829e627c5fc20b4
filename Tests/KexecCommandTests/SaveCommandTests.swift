import ByteCoding
import CrashDumps
import Glibc
import TestSupport
import Testing

@testable import KexecCommand
@testable import LinuxSystem

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// `kexec dump SOURCE TARGET`: which files are there in the end, whatever happens.
  @Suite struct SaveCommandTests {
    /// 8 MiB of memory without a log: what is saved of it lacks that.
    private static let memory = CrashImageBuilder { builder in
      builder.setFree(0x400, order: 10)
      builder.setFreeCounter(1024)
      // Pages that do not compress.
      var random = SplitMix(seed: 24)
      for offset in 0x300_000..<0x380_000 {
        builder.memory[offset] = UInt8(truncatingIfNeeded: random.next())
      }
    }.bytes

    private static func kernel(
      _ files: [String: [UInt8]?] = [:],
      _ change: @escaping (inout FakeKernel.Answers) -> Void = { _ in }
    ) -> FakeKernel {
      var all: [String: [UInt8]?] = ["/vmcore": memory, "/logged": DumpLogTests.dump()]
      all.merge(files) { $1 }
      return FakeKernel(all, change)
    }

    private func names(_ kernel: FakeKernel) -> [String] {
      (kernel.files.names(in: "/") ?? []).filter { $0.hasPrefix("dump") }
    }

    private func mode(_ kernel: FakeKernel, _ name: String) -> UInt32 {
      var status = stat()
      #expect(unsafe lstat(kernel.tree.path + "/" + name, &status) == 0)
      return status.st_mode & 0o7777
    }

    /// The manifest, which must be as the schema says, too.
    private func manifest(_ kernel: FakeKernel) -> String {
      let text = (kernel.files.text("/dump-manifest.json") ?? "") + "\n"
      JSONDocuments.keep(text)
      return text
    }

    private func firstError(_ kernel: FakeKernel) -> String {
      let lines = kernel.errors.replacing(kernel.tree.path, with: "@").split(separator: "\n")
      return lines.first { !$0.hasPrefix("kexec: warning:") }.map(String.init) ?? ""
    }

    @Test("A dump is saved with its log, its report and its manifest, all for their owner alone")
    func aDumpIsSaved() throws {
      let kernel = Self.kernel()
      #expect(kernel.run("dump @/logged @/dump") == .success, "\(kernel.errors)")
      #expect(
        names(kernel) == ["dump", "dump-log.txt", "dump-manifest.json", "dump-report.txt"])
      for name in names(kernel) { #expect(mode(kernel, name) == 0o600, "\(name)") }
      #expect(kernel.output.hasPrefix("\(kernel.tree.path)/dump: complete, verified\n  "))
      #expect(kernel.output.hasSuffix(", kdump-compressed by zstd, dump level 31\n"))
      let manifest = manifest(kernel)
      for text in [
        "\"state\": \"complete\"", "\"verification\": \"verified\"", "\"downgrades\": []",
        "\"panic\": \"sysrq triggered crash\"", "\"compression\": \"zstd\"", "\"level\": 31",
        "\"code\": \"noMemoryMap\"", "\"sha256\": \"",
      ] {
        #expect(manifest.contains(text), "\(text): \(manifest)")
      }
      // The log is what kexec dump log prints of the saved dump, and the report has what it says.
      let log = Self.kernel(["/saved": try kernel.files.read("/dump")])
      #expect(log.run("dump log @/saved") == .success, "\(log.errors)")
      #expect(try kernel.files.read("/dump-log.txt") == log.output.losslessBytes)
      #expect(kernel.files.text("/dump-report.txt")?.hasPrefix("sysrq\n  panic ") == true)
    }

    @Test("--json prints the manifest, and the form of the file is what was asked for")
    func theFormIsWhatWasAskedFor() {
      for (options, format, compression) in [
        ("", "kdumpCompressed", "\"zstd\""), ("--compress=zlib", "kdumpCompressed", "\"zlib\""),
        ("--compress=none", "kdumpCompressed", "null"), ("--format=elf", "elf", "null"),
      ] {
        let kernel = Self.kernel()
        #expect(
          kernel.run("dump --json \(options) -d 16 @/vmcore @/dump") == .downgraded,
          "\(options): \(kernel.errors)")
        for text in [
          "\"format\": \"\(format)\"", "\"compression\": \(compression)", "\"level\": 16",
          "\"code\": \"noLog\"", "\"verification\": \"verified\"", "\"free\": 1024",
        ] {
          #expect(kernel.output.contains(text), "\(options), \(text): \(kernel.output)")
        }
        let text = manifest(kernel)
        #expect(text == kernel.output)
        let info = Self.kernel(["/saved": (try? kernel.files.read("/dump")) ?? []])
        #expect(info.run("dump info --json @/saved") == .success)
        #expect(info.output.contains("\"format\": \"\(format)\""), "\(info.output)")
        #expect(info.output.contains("\"incomplete\": false"))
        #expect(info.run("dump verify --json @/saved") == .success, "\(options): \(info.output)")
      }
    }

    @Test("What is not read back is not called verified")
    func whatIsNotVerified() {
      for (options, isInMemory, text) in [
        ("--no-verify", false, "complete, not verified (--no-verify)\n"),
        ("", true, "complete, not verified: the file system is in memory only\n"),
      ] {
        let kernel = Self.kernel { $0.isInMemory = isInMemory }
        #expect(kernel.run("dump \(options) @/logged @/dump") == .success)
        #expect(kernel.output.contains(text), "\(kernel.output)")
      }
    }

    @Test(
      "An existing dump is refused before anything is read, and replaced only by a complete one")
    func anExistingDumpStays() {
      let old = ["/dump": [UInt8(1)], "/dump-log.txt": [2]]
      let kernel = Self.kernel(old)
      #expect(kernel.run("dump @/vmcore @/dump") == .failure)
      #expect(firstError(kernel) == "kexec: \"@/dump\": there is such a file already")
      let full = Self.kernel(old) { $0.outputLimit = (100_000, .failure(.noSpace)) }
      #expect(full.run("dump --force @/vmcore @/dump") == .incomplete)
      #expect((try? full.files.read("/dump")) == [1])
      #expect((try? full.files.read("/dump-log.txt")) == [2])
      #expect(names(full).contains("dump-incomplete"))
      let forced = Self.kernel(old)
      #expect(forced.run("dump -f @/logged @/dump") == .success, "\(forced.errors)")
      #expect((try? forced.files.read("/dump").count) ?? 0 > 4096)
      #expect(forced.files.text("/dump-log.txt")?.hasPrefix("[") == true)
      #expect(
        names(forced) == ["dump", "dump-log.txt", "dump-manifest.json", "dump-report.txt"])
    }

    @Test("When the space is not enough, what fits stays as a file that can be read")
    func aFullTargetLeavesAPart() {
      for (then, what) in [
        (Errno.noSpace, "noSpace"), (.quotaExceeded, "noSpace"), (.fileTooBig, "noSpace"),
        (.inputOutput, "targetFailed"),
      ] {
        let kernel = Self.kernel { $0.outputLimit = (300_000, .failure(then)) }
        #expect(kernel.run("dump --json -d 0 @/vmcore @/dump") == .incomplete, "\(what)")
        #expect(kernel.output.contains("\"code\": \"\(what)\""), "\(kernel.output)")
        #expect(names(kernel).contains("dump-incomplete") && !names(kernel).contains("dump"))
        let read = Self.kernel(["/part": (try? kernel.files.read("/dump-incomplete")) ?? []])
        #expect(read.run("dump info --json @/part") == .success)
        #expect(read.output.contains("\"incomplete\": true"))
        #expect(read.run("dump verify --json @/part") == .incomplete, "\(read.output)")
      }
      // Not even its headers fit.
      let tiny = Self.kernel { $0.outputLimit = (100, .failure(.noSpace)) }
      #expect(tiny.run("dump @/vmcore @/dump") == .failure)
      #expect(!names(tiny).contains("dump-incomplete"))
    }

    @Test("When the space is not enough, the next level is tried, and in the end 31")
    func theLevelIsRaised() {
      // The first attempt fails, and the second has the space of the first.
      for options in ["-d 0,16", "-d 0 --if-full=raise-level", "-d 0,31"] {
        let kernel = Self.kernel {
          $0.outputLimit = (600_000, .failure(.noSpace))
          $0.isOutputLimitOnce = true
        }
        #expect(kernel.run("dump \(options) @/vmcore @/dump") == .downgraded, "\(kernel.errors)")
        let text = manifest(kernel)
        #expect(text.contains("\"code\": \"levelRaised\""), "\(text)")
        #expect(text.contains("\"level\": \(options == "-d 0,16" ? 16 : 31)"), "\(text)")
      }
    }

    @Test("The space is judged before the first byte")
    func theSpaceIsJudgedBefore() {
      let kernel = Self.kernel { $0.space = 5000 }
      #expect(kernel.run("dump --compress=none --if-full=log-only @/logged @/dump") == .incomplete)
      #expect(names(kernel) == ["dump-log.txt", "dump-manifest.json", "dump-report.txt"])
      #expect(manifest(kernel).contains("\"state\": \"logOnly\""))
      #expect(kernel.errors.contains("there is space for 4.8 KiB, which is too little"))
      let raised = Self.kernel { $0.space = 7 << 20 }
      #expect(raised.run("dump --compress=none -d 0,31 @/vmcore @/dump") == .downgraded)
      #expect(raised.errors.contains("the dump level is 31 instead of 0"))
      let perhaps = Self.kernel { $0.space = 3 << 20 }
      #expect(perhaps.run("dump -d 0 @/vmcore @/dump") == .downgraded)
      #expect(perhaps.errors.contains("it fits if it can be compressed"))
      #expect(SpaceVerdict(bound: 100, space: nil, isCompressed: false) == .fits)
      #expect(SpaceVerdict(bound: 100, space: 100, isCompressed: false) == .fits)
      #expect(
        SpaceVerdict(bound: 1600, space: 99, isCompressed: true)
          == .cannotFit(bound: 1600, space: 99))
    }

    @Test("A signal leaves a file that can be read, and says so")
    func aSignalLeavesAPart() {
      let kernel = Self.kernel { $0.interrupt = (300_000, SIGTERM) }
      #expect(kernel.run("dump -d 0 @/vmcore @/dump") == .incomplete)
      #expect(firstError(kernel) == "kexec: \"@/dump\": interrupted by signal 15")
      #expect(names(kernel).contains("dump-incomplete"))
      #expect(manifest(kernel).contains("\"state\": \"incomplete\""))
    }

    @Test("A medium that stores other bytes is found out, and the dump does not get its name")
    func aBadMediumIsFound() {
      let kernel = Self.kernel { $0.damagedByte = 400_000 }
      #expect(kernel.run("dump -d 0 @/vmcore @/dump") == .failure)
      #expect(firstError(kernel).contains("what was read back is not what was written"))
      #expect(names(kernel).contains("dump-incomplete") && !names(kernel).contains("dump"))
      let failing = Self.kernel { $0.outputSync = .inputOutput }
      #expect(failing.run("dump @/vmcore @/dump") == .incomplete)
      #expect(!names(failing).contains("dump"))
    }

    @Test("Progress is a bar on a terminal, lines on a serial console, and nothing elsewhere")
    func progressDependsOnTheTerminal() {
      for (columns, type, isShown) in [
        (80, "xterm", true), (0, "linux", false), (80, "dumb", false),
      ] {
        let kernel = Self.kernel {
          ($0.columns, $0.environment["TERM"]) = (columns, type)
          $0.sinceBootStep = 300_000_000
        }
        #expect(kernel.run("dump @/logged @/dump") == .success)
        #expect(kernel.errors.contains("[") == isShown, "\(kernel.errors)")
        let quiet = Self.kernel {
          ($0.columns, $0.environment["TERM"]) = (columns, type)
          $0.sinceBootStep = 300_000_000
        }
        #expect(quiet.run("dump -q @/logged @/dump") == .success)
        #expect(quiet.errors == "" && quiet.output == "")
      }
      let none = Self.kernel { $0.sinceBootStep = 300_000_000 }
      #expect(none.run("dump @/logged @/dump") == .success)
      #expect(none.errors == "")
    }

    @Test(
      "convert takes a flattened file apart, keeps what is not asked for, and rescues what was cut")
    func convertKeepsWhatIsNotAsked() throws {
      let kernel = Self.kernel([
        "/flat": FlattenedBuilder(Self.memory).bytes(),
        "/cut": FlattenedBuilder(Self.memory).bytes(isCut: true),
      ])
      #expect(kernel.run("dump convert --json @/flat @/dump") == .success, "\(kernel.errors)")
      #expect(try kernel.files.read("/dump") == Self.memory)
      #expect(names(kernel) == ["dump"])
      #expect(kernel.run("dump convert @/cut @/dump2") == .failure)
      #expect(firstError(kernel).hasSuffix("it was cut short"))
      #expect(kernel.run("dump convert --rescue @/cut @/dump2") == .incomplete)
      #expect(names(kernel) == ["dump", "dump2-incomplete"])
      let kdump = Self.kernel()
      #expect(kdump.run("dump convert -d 16 --compress=zlib @/vmcore @/dump") == .downgraded)
      let first = try kdump.files.read("/dump")
      let again = Self.kernel(["/first": first])
      #expect(again.run("dump convert --format=elf --json @/first @/dump") == .downgraded)
      #expect(again.output.contains("\"level\": 16"))
      #expect(again.output.contains("\"format\": \"elf\""))
    }
  }
}
