import ByteCoding
import KernelImages
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecCommand
@testable import KexecPlanning
@testable import LinuxSystem

/// Rules for all sentences, and for those that name a file or a kernel.
@Suite struct WordsTests {
  @Test(
    "A file name is put in quotes, and its control characters are escaped",
    arguments: [
      ("k", #""k""#), ("", #""""#), ("a b", #""a b""#), (" k ", #"" k ""#), ("a\"b", #""a\"b""#),
      ("a\nb", #""a\x0ab""#), ("a\tb", #""a\x09b""#), ("\u{1B}[31m", #""\x1b[31m""#),
      ("é", #""é""#),
      ("a\\b", #""a\b""#), ("\u{7F}", #""\x7f""#), (String(lossless: [0xE9]), "\"\u{10FFE9}\""),
    ])
  func quotesNamesAndEscapesControls(name: String, wanted: String) {
    #expect(quoted(name) == wanted)
  }

  /// Wherever a message begins with a file, its name is in quotes, and the line stays one.
  @Test("Every message puts the file names in it in quotes and stays on one line")
  func messagesQuoteFileNames() {
    let odd = "a b\n"
    let request = LoadRequest(kernel: .init(path: odd, bytes: SharedBytes([])))
    let machine = TemporaryTree([:]).machine
    let errors =
      EveryMessageTests.images.map { CommandError($0, path: odd) }
      + EveryMessageTests.files.map { CommandError(FileError(odd, $0)) }
      + EveryMessageTests.planning.map {
        CommandError($0, request: request, machine: machine, after: nil)
      } + [
        CommandError(
          .damagedInitrd(path: odd, .archiveCut(at: 7)), request: request, machine: machine,
          after: nil),
        CommandError(
          .deviceTree(path: odd, .notATree(found: 7)), request: request, machine: machine,
          after: nil),
      ]
    let named = errors.filter { $0.message.contains("a b") }
    #expect(named.count > 50)
    for error in errors {
      #expect(!error.message.contains("\n"), "\(error.message)")
      #expect(
        error.message.contains("a b") == error.message.contains(#""a b\x0a""#), "\(error.message)")
    }
    let notes: [PlanNote] = [
      .initrdDamaged(path: odd, .archiveCut(at: 7)),
      .initrdSuspect(path: odd, .kernel, isUnpackedNow: false),
      .initrdNotChecked(path: odd, .tooManyStreams(65)),
      .initrdFormatUnknown(path: odd, format: "lz4", configuration: "c", isUnpackedNow: true),
    ]
    for note in notes { #expect(note.text.hasPrefix(#""a b\x0a": "#), "\(note.text)") }
    #expect(CommandError(FileError("-", .empty)).message == "the standard input: the file is empty")
  }

  /// Of two kernels "this" may be either.
  @Test("No message, note or help text refers to a kernel as this kernel or this one")
  func textsNeverSayThisKernel() {
    let request = LoadRequest(kernel: .init(path: "k", bytes: SharedBytes([])))
    let machine = TemporaryTree([:]).machine
    let nowhere = FileTree(root: "/none")
    let errors =
      EveryMessageTests.planning.map {
        CommandError($0, request: request, machine: machine, after: nil)
      } + EveryMessageTests.images.map { CommandError($0, path: "k") }
    let texts =
      errors.flatMap { [$0.message, $0.advice ?? ""] } + EveryMessageTests.notes.map(\.text)
      + EveryMessageTests.routes.map(\.text) + [helpText()]
      + CommandWord.allCases.map { helpText(of: $0) }
      + [StatusReport(KexecState(in: nowhere), in: nowhere).text(on: .none)]
    for text in texts {
      #expect(!text.contains("this kernel") && !text.contains("this one"), "\(text)")
    }
  }

  @Test("The written-out list of image type names has every type in order")
  func typeNamesListHasEveryType() {
    #expect(imageTypeNames == ImageType.allCases.map(\.rawValue).joined(separator: ", "))
  }

  /// Every help text, on a terminal of 80 columns.
  @Test("Every line of a help text has at most 80 columns")
  func helpTextsFitIn80Columns() {
    let texts = [helpText()] + CommandWord.allCases.map { helpText(of: $0) }
    for text in texts {
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines.count > 5)
      for line in lines { #expect(line.count <= 80, "\(line)") }
    }
  }

  /// What was typed, what there is, and what was meant.
  @Test(
    "The nearest name is suggested for a typing mistake, and none if all are too different",
    arguments: [
      ("--initd", ["--initrd", "--init"], "--initrd"),
      ("vmlinux", ["vmlinuz", "initrd"], "vmlinuz"),
      ("VMLINUZ", ["vmlinuz"], "vmlinuz"), ("vmliunz", ["vmlinuz"], "vmlinuz"),
      ("vmlinuz-6.12.171", ["vmlinuz-6.1.0", "vmlinuz-6.12.117"], "vmlinuz-6.12.117"),
      ("abc", ["abd"], "abd"), ("abc", ["xyc"], nil), ("a", ["b"], nil), ("", ["a"], nil),
      ("ab", ["cd"], nil),
      ("none", ["run", "proc"], nil), ("kernel", [], nil), ("initrd", ["initrd"], "initrd"),
      ("\u{E9}t\u{E9}s", ["\u{E9}t\u{E9}"], "\u{E9}t\u{E9}"),
    ] as [(String, [String], String?)])
  func suggestsTheNearestName(name: String, names: [String], wanted: String?) {
    #expect(nearestName(to: name, among: names) == wanted)
  }
}

/// In this suite because getopt_long keeps its place in global variables.
extension InvocationTests {
  @Suite struct WordsOfTheProgramTests {
    private static func text(_ text: String) -> [UInt8]? { Array(text.utf8) }

    /// A file that is missing, and what is said of its name; `@` is the machine's directory.
    @Test(
      "The error for a missing file suggests a file, directory or command of similar name",
      arguments: [
        ("-l @/vmlinux", "did you mean \"@/vmlinuz\"?"),
        ("-l @/VMLINUZ", "did you mean \"@/vmlinuz\"?"),
        ("-l @/vmliunz", "did you mean \"@/vmlinuz\"?"),
        ("-l @/vmlinuz --initrd=@/inird", "did you mean \"@/initrd\"?"),
        ("-l @/vmlinuz --dtb=@/initrd3", "did you mean \"@/initrd\"?"),
        ("-l @/boot/vmlinuz", "did you mean \"@/boot/vmlinuz-6.12\"?"),
        ("-l @/bot/vmlinuz-6.1", "did you mean \"@/boot/vmlinuz-6.1\"?"),
        ("-l @/boat/vmlinuz-6.2", "there is no directory \"@/boat\": did you mean \"@/boot\"?"),
        ("-l @/nowhere/vmlinuz", "there is no directory \"@/nowhere\""),
        ("-l @/boot/kernel", nil), ("-l @/none", nil),
        ("-l @/boot/vmlinuz/", "did you mean \"@/boot/vmlinuz-6.12\"?"),
        ("statu", "did you mean the command kexec status?"),
        ("reprot", "did you mean the command kexec report?"),
        ("help", "did you mean kexec --help?"), ("unload", "did you mean kexec --unload?"),
        ("-l unload", nil),
        ("--dry-run -S --machine=@/boto", "did you mean \"@/boot\"?"),
      ] as [(String, String?)])
    func suggestsSimilarNames(line: String, advice: String?) {
      let kernel = FakeKernel([
        "/boot/vmlinuz-6.1": Self.text("k"), "/boot/vmlinuz-6.12": Self.text("k"),
      ])
      #expect(kernel.run(line) == .failure)
      let said = kernel.errors.replacing(kernel.tree.path, with: "@")
      #expect(
        said.split(separator: "\n").dropFirst().first.map(String.init) == advice.map { "  " + $0 },
        "\(said)")
    }

    /// Which part of the configuration the running kernel lacks.
    @Test("Errors and status name the configuration option that the running kernel lacks")
    func namesMissingKernelConfiguration() {
      let none: [String: [UInt8]?] = [
        "/sys/kernel/kexec_loaded": nil, "/sys/kernel/kexec_crash_loaded": nil,
        "/sys/kernel/kexec_crash_size": nil,
      ]
      let noCrash: [String: [UInt8]?] = [
        "/sys/kernel/kexec_crash_loaded": nil, "/sys/kernel/kexec_crash_size": nil,
      ]
      let (kexec, crash) = (
        "the running kernel was built without kexec (CONFIG_KEXEC or CONFIG_KEXEC_FILE)",
        "the running kernel was built without CONFIG_CRASH_DUMP"
      )
      let rows: [(String, [String: [UInt8]?], String)] = [
        ("-l @/vmlinuz", none, "kexec: \(kexec)\n"), ("-u", none, "kexec: \(kexec)\n"),
        ("-p @/vmlinuz", none, "kexec: \(kexec)\n"), ("-u -p", none, "kexec: \(kexec)\n"),
        ("-e", none, "kexec: \(kexec)\n"), ("-f @/vmlinuz", none, "kexec: \(kexec)\n"),
        ("--load-jump-back-helper --entry=0x1000", none, "kexec: \(kexec)\n"),
        ("-p @/vmlinuz", noCrash, "kexec: \(crash)\n"), ("-u -p", noCrash, "kexec: \(crash)\n"),
      ]
      for (line, files, start) in rows {
        let kernel = FakeKernel(files)
        #expect(kernel.run(line) != .success)
        #expect(kernel.errors.hasPrefix(start), "\(line): \(kernel.errors)")
        #expect(kernel.calls == [], "\(line)")
      }
      for (files, said) in [
        (none, "kernel: not supported: \(kexec)\ncrash kernel: not supported: \(kexec)\n"),
        (noCrash, "kernel: loaded\ncrash kernel: not supported: \(crash)\n"),
      ] {
        let kernel = FakeKernel(files)
        #expect(
          kernel.run("status") == .success && kernel.output.hasPrefix(said), "\(kernel.output)")
      }
      // What the calls themselves say.
      let missing = Errno.notImplemented.text(
        "the running kernel was built without")
      let calls: [(String, String)] = [
        (
          "-s -l @/vmlinuz",
          "was built without CONFIG_KEXEC_FILE\n  try kexec_load (-c)"
        ),
        (
          "-c -l @/vmlinuz",
          "was built without CONFIG_KEXEC\n  try kexec_file_load (-s)"
        ),
        ("-l @/vmlinuz", "built without CONFIG_KEXEC; before that, kexec_file_load failed: "),
        (
          "-u",
          "kexec_load: \(missing) CONFIG_KEXEC; kexec_file_load: \(missing) CONFIG_KEXEC_FILE\n"
        ),
      ]
      for (line, words) in calls {
        let kernel = FakeKernel {
          ($0.kexecLoad, $0.kexecFileLoad) = ([.notImplemented], [.notImplemented])
        }
        #expect(kernel.run(line) == .failure)
        #expect(kernel.errors.contains(words), "\(line): \(kernel.errors)")
      }
    }

    /// Only the bounds that were given are said to leave no space; ranges down to one byte are ranges.
    @Test(
      "The error for bounds without enough space names the bounds or the searched range",
      arguments: [
        (
          "--mem-max=0xfff",
          "at 0x1000000 or above, which --mem-max excludes\n"
        ),
        (
          "--mem-min=5 --mem-max=5",
          "at 0x1000000 or above, which --mem-min and --mem-max exclude\n"
        ),
        (
          "--mem-min=0x2000001 --mem-max=0x2000001",
          "at 0x2000001, and the largest free range there has 1 byte\n"
        ),
        (
          "--mem-min=16M --mem-max=16M",
          "at 0x1000000, and the largest free range there has 1 byte\n"
        ),
        (
          "--mem-min=32M --mem-max=0x2000fff",
          "in 0x2000000-0x2000fff, and the largest free range there has 4 KiB\n"
        ),
        ("--mem-min=256G", "at 0x4000000000 or above, and no memory there is free\n"),
      ])
    func noSpaceErrorNamesTheBounds(options: String, words: String) {
      let kernel = FakeKernel()
      #expect(kernel.run("-c -l \(options) @/vmlinuz") == .failure)
      #expect(kernel.errors.hasPrefix("kexec: no free memory for the "), "\(kernel.errors)")
      #expect(kernel.errors.contains(words), "\(kernel.errors)")
    }

    /// Whatever type is asked for, and whatever the file is, no option is blamed that was not typed.
    @Test(
      "No error line of a dry run names an option that was not typed",
      arguments: ["", "-c", "-s", "-p", "-p -c", "-p -s"])
    func dryRunErrorNamesOnlyTypedOptions(call: String) {
      var images = [BzImageBuilder(), BzImageBuilder(), BzImageBuilder()]
      images[1].xloadflags = 0
      images[2].version = 0x0207
      for image in images {
        for type in ["", "--type=bzImage", "-t bzImage", "--type=bzImage64", "--type=uki"] {
          let kernel = FakeKernel([
            "/k": image.bytes,
            "/proc/iomem": Self.text(
              "00001000-0009ffff : System RAM\n00100000-5ffdffff : System RAM\n"
                + "  10000000-1fffffff : Crash kernel\n"),
            "/sys/kernel/kexec_crash_size": Self.text("268435456\n"),
          ])
          let line = "--dry-run \(call.contains("p") ? call : call + " -l") \(type) @/k"
          _ = kernel.run(line)
          // What is wrong, and what was found; the lines that say what to do may name others.
          for said in kernel.errors.split(separator: "\n") where !said.hasPrefix("  ") {
            for word in said.split(whereSeparator: { " ():;,='\"".contains($0) })
            where word.hasPrefix("--") {
              #expect(line.contains(word), "\(line): \(said)")
            }
          }
        }
      }
    }

    @Test("A plan with --serial-baud names that option as the reason for its system call")
    func planNamesSerialBaudAsReason() {
      let kernel = FakeKernel()
      #expect(kernel.run("--dry-run -l --serial-baud=9600 @/vmlinuz") == .success)
      #expect(kernel.output.contains("because only it supports --serial-baud"))
    }

    /// A region of so many MiB; what the plan says of it, and what is said beside it.
    @Test(
      "A plan for a crash kernel gives the space left in the region or advises a larger one",
      arguments: [
        (256, "-s -p", "takes 51.4 MiB of 256 MiB, 204.5 MiB are left", nil),
        (256, "-c -p", "takes 51.5 MiB of 256 MiB, 204.4 MiB are left", nil),
        (
          80, "-s -p", "takes 51.4 MiB of 80 MiB, 28.5 MiB are left",
          "kexec: warning: the crash kernel has little memory to run in: 28.5 MiB of 80 MiB (crashkernel=128M would be enough)\n"
        ),
        (48, "-s -p", nil, "  reserve more: boot the running kernel with crashkernel=128M\n"),
        (48, "-c -p", nil, "  reserve more: boot the running kernel with crashkernel=128M\n"),
        (
          0, "-p", nil,
          "  boot the running kernel with crashkernel=256M (or more) on its command line\n"
        ),
      ] as [(UInt64, String, String?, String?)])
    func tellsIfCrashKernelFits(size: UInt64, option: String, row: String?, said: String?) {
      let end = String((256 << 20) + (size << 20) - 1, radix: 16)
      let crash = size == 0 ? "" : "  10000000-\(end) : Crash kernel\n"
      let files: [String: [UInt8]?] = [
        "/proc/iomem": Self.text(
          "00001000-0009ffff : System RAM\n00100000-5ffdffff : System RAM\n\(crash)"),
        "/sys/kernel/kexec_crash_size": Self.text("\(size << 20)\n"),
      ]
      let kernel = FakeKernel(files)
      let isRefused = row == nil
      #expect(
        kernel.run("--dry-run \(option) @/vmlinuz")
          == (!isRefused ? .success : size == 0 ? .noCrashRegion : .failure), "\(kernel.errors)")
      if let row { #expect(kernel.output.contains("\n  reserved  \(row)\n"), "\(kernel.output)") }
      let loaded = FakeKernel(files)
      #expect((loaded.run("\(option) @/vmlinuz") == .success) == !isRefused)
      if let said {
        #expect(loaded.errors.contains(said), "\(loaded.errors)")
      } else {
        #expect(!loaded.errors.contains("little memory"), "\(loaded.errors)")
      }
      let json = FakeKernel(files)
      _ = json.run("--json --dry-run \(option) @/vmlinuz")
      #expect(
        json.output.contains("\"crashRoom\": {\n    \"reserved\": \(size << 20),") == !isRefused)
    }
  }
}
