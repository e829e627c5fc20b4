import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import KexecCommand

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// `kexec dump`: what is printed of a generated dump.
  @Suite struct DumpCommandTests {
    private static let dump = CrashImageBuilder { builder in
      builder.setFree(0x400, order: 10)
      builder.setFreeCounter(1024)
      for frame in 0x310..<0x318 { builder.set(frame) { $0.mapping = 0x1001 } }
    }

    private static func kernel(
      _ change: (inout CrashImageBuilder) -> Void = { _ in }
    ) -> FakeKernel {
      var builder = dump
      change(&builder)
      return FakeKernel(["/vmcore": builder.bytes])
    }

    @Test("dump info prints what the headers and notes say, as text and as JSON")
    func infoPrintsHeadersAndNotes() {
      let kernel = Self.kernel()
      #expect(kernel.run("dump info @/vmcore") == .success)
      #expect(
        kernel.output == """
          format        ELF core file, 64 bits, 1 ranges of memory
          machine       x86_64
          release       6.12.0-test
          build ID      \(String(repeating: "ab", count: 20))
          crash time    2026-11-27T21:18:02Z
          memory        8 MiB in pages below 0x800000
          processors    2 with registers
          paging        4 levels
          KASLR offset  0x1e00000
          VMCOREINFO    \(Self.dump.keys.count) keys, in a note

          """)
      let json = Self.kernel()
      #expect(json.run("dump info --json @/vmcore") == .success)
      for text in [
        "\"format\": \"elf\"", "\"memoryPages\": 2048", "\"information\": \"note\"",
        "\"crashTime\": 1795814282", "\"incomplete\": false",
      ] {
        #expect(json.output.contains(text), "\(text)")
      }
      let bare = Self.kernel {
        ($0.hasNote, $0.is64Bit, $0.flags, $0.machine) = (false, false, 1, 183)
      }
      #expect(bare.run("dump --json info @/vmcore") == .success)
      for text in ["\"bits\": 32", "\"information\": null", "\"incomplete\": true", "\"arm64\""] {
        #expect(bare.output.contains(text), "\(text)")
      }
    }

    @Test("dump classes counts the pages that a level excludes, and has notes")
    func classesCountsPages() {
      let kernel = Self.kernel()
      #expect(kernel.run("dump classes @/vmcore") == .success)
      let lines = kernel.output.split(separator: "\n")
      #expect(lines.count == 10)
      #expect(lines[0].hasPrefix("kept                   1016  3.9 MiB"))
      #expect(lines[3].hasPrefix("user                      8  32 KiB "))
      #expect(lines[4].hasPrefix("free                   1024  4 MiB "))
      let json = Self.kernel()
      #expect(json.run("dump classes --level=8 --json @/vmcore") == .success)
      for text in [
        "\"level\": 8", "\"kept\": 2040", "\"user\": 8", "\"free\": 0", "\"zero\": null",
        "\"freeFound\": 1024", "\"perCPUFree\": null", "\"findings\": []",
      ] {
        #expect(json.output.contains(text), "\(text): \(json.output)")
      }
      let damaged = Self.kernel { $0.setFreeCounter(9000) }
      #expect(damaged.run("dump classes --json @/vmcore") == .success)
      #expect(damaged.output.contains("\"code\": \"otherFreeCount\""))
      #expect(damaged.output.contains("\"kept\": 2048"))
    }

    @Test("A dump that another process cuts short while it is read is an error", arguments: [0, 1])
    func cutDumpsAreRefused(bytes: Int) {
      let dump = Self.dump.bytes
      let size = dump.count - bytes
      let kernel = FakeKernel(["/vmcore": dump]) {
        $0.whenSaid = { text, files in
          guard text.contains("reading the memory map") else { return }
          _ = unsafe truncate(files.root + "/vmcore", size)
        }
      }
      let code = kernel.run("dump classes --debug --level=30 @/vmcore")
      #expect(code == (bytes == 0 ? .success : .failure))
      let said = "vmcore\": the file became shorter while it was read\n"
      #expect(kernel.errors.contains(said) == (bytes > 0))
      #expect(kernel.output.isEmpty == (bytes > 0))
      // What a signal would say.
      #expect(
        kernel.lostFileTexts.map { $0.replacing(kernel.tree.path, with: "@") } == [
          "kexec: \"@/vmcore\": the file became shorter or unreadable while it was read\n"
        ])
    }

    @Test("A dump that ends too early is read with a warning, and info has a row for it")
    func truncatedDumpsAreSaid() {
      let whole = Self.dump.bytes
      let kernel = FakeKernel(["/vmcore": Array(whole.dropLast(4096))])
      #expect(kernel.run("dump info @/vmcore") == .success && kernel.errors == "")
      #expect(kernel.output.hasSuffix("truncated     4 KiB are missing\n"))
      let packed = CompressedDumpBuilder(Self.dump).bytes
      let snappy = FakeKernel(["/vmcore": CompressedDumpBuilder(Self.dump) { $0.method = 4 }.bytes])
      #expect(snappy.run("dump info @/vmcore") == .success)
      #expect(
        snappy.output.hasPrefix(
          "format        kdump-compressed, pages compressed by method 0x4, which cannot be read, "))
      let flat = CompressedDumpBuilder.flatten(whole, size: 1 << 20, isComplete: false)
      for (bytes, end) in [
        (Array(whole.dropLast(4096)), "the file was cut short: 4 KiB are missing\n"),
        (Array(packed.dropLast(10)), "the file was cut short: at least 10 bytes are missing\n"),
        (Array(packed.dropLast()), "the file was cut short: at least 1 byte is missing\n"),
        (flat, "the flattened file has no end: it was cut short\n"),
      ] {
        let kernel = FakeKernel(["/vmcore": bytes])
        #expect(kernel.run("dump classes --level=30 @/vmcore") == .success)
        #expect(kernel.errors.hasSuffix(end), "\(kernel.errors)")
        #expect(kernel.errors.hasPrefix("kexec: warning: "))
      }
    }

    @Test(
      "What cannot be done is refused in one line",
      arguments: [
        (
          "dump",
          "kexec: dump needs a SOURCE and a TARGET to save, or one of the words info, classes, log, report, verify, convert",
          ExitCode.usage
        ),
        (
          "dump inf",
          "kexec: dump: \"inf\" is none of info, classes, log, report, verify, convert, and as a SOURCE it needs a TARGET",
          .usage
        ),
        ("dump inf @/vmcore", "kexec: \"inf\": No such file or directory", .failure),
        ("dump a b c", "kexec: dump takes a SOURCE and a TARGET, but \"c\" was given, too", .usage),
        ("dump verify", "kexec: dump verify needs a FILE", .usage),
        ("dump convert a", "kexec: dump convert needs a SOURCE and a TARGET", .usage),
        ("dump info", "kexec: \"@/proc/vmcore\": No such file or directory", .failure),
        ("dump info a b", "kexec: dump info takes one dump, but \"b\" was given, too", .usage),
        (
          "dump info --level=1 @/vmcore",
          "kexec: --level is only for dump classes, saving and dump convert", .usage
        ),
        ("dump classes --level=1,2 @/vmcore", "kexec: dump classes takes one level", .usage),
        (
          "dump log --format=elf a", "kexec: --format=elf is only for saving and dump convert",
          .usage
        ),
        ("dump --format=raw a b", "kexec: --format=raw is only for dump log", .usage),
        ("dump --rescue a b", "kexec: --rescue is only for dump convert", .usage),
        ("dump -d 1,32 a b", "kexec: -d 1,32: a dump level is 0 to 31", .usage),
        ("dump --threads=0 a b", "kexec: --threads=0: expected a number from 1 to 1024", .usage),
        ("dump --if-full=stop a b", "kexec: --if-full=stop: expected one of these words", .usage),
        ("dump --compress=lzo a b", "kexec: --compress=lzo: there is no such method", .usage),
        (
          "dump --format=elf --compress=zlib a b",
          "kexec: the pages of an ELF file are never compressed: --format=elf and --compress do not go together",
          .usage
        ),
        (
          "dump --json a -",
          "kexec: --json is printed to the standard output, which the dump goes to", .usage
        ),
        ("dump classes --level=32 @/vmcore", "kexec: --level=32: a dump level is 0 to 31", .usage),
        ("dump info @/none", "kexec: \"@/none\": No such file or directory", .failure),
        ("dump info @/proc", "kexec: \"@/proc\": it is a directory, not a file", .failure),
        (
          "dump info /dev/null",
          "kexec: \"/dev/null\": it is neither a file nor a block device, which a dump must be in",
          .failure
        ),
        (
          "dump info @/vmlinuz",
          "kexec: \"@/vmlinuz\": it starts with 0x5a4d, which is no dump of memory that can be read",
          .failure
        ),
      ] as [(String, String, ExitCode)])
    func refusals(line: String, said: String, code: ExitCode) {
      let kernel = Self.kernel()
      #expect(kernel.run(line) == code)
      let first = kernel.errors.replacing(kernel.tree.path, with: "@").split(separator: "\n").first
      #expect(first.map(String.init) == said)
    }
  }
}
