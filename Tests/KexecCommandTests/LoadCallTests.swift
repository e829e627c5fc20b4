import KexecABI
import ByteCoding
import Glibc
import TestSupport
import Testing

@testable import KexecCommand
@testable import KexecPlanning
@testable import LinuxSystem

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// How a load reacts to the kernel's answers.
  @Suite struct LoadCallTests {
    private static let lockdown: [String: [UInt8]?] = [
      "/sys/kernel/security/lockdown": Array("none [integrity] confidentiality\n".utf8)
    ]
    /// A kernel that we could unpack, so that kexec_load is tried first.
    private static let fast: [String: [UInt8]?] = [
      "/vmlinuz": BzImageBuilder { $0.payload = [UInt8](repeating: 1, count: 64) }.bytes
    ]

    /// Errors of kexec_file_load that are about the file, the user or a temporary state.
    static let refusals: [Errno] = [
      .notPermitted, .accessDenied, .keyRejected, .noKey, .noPackage, .badMessage, .badLibrary,
      .noData, .busy, .outOfMemory, .textFileBusy, .addressNotAvailable, .inputOutput,
      .noSuchFile,
    ]
    /// Errors which mean only that kexec_file_load does not support the file.
    static let unfit: [Errno] = [.notImplemented, .notExecutable, .invalidArgument, .notSupported]

    @Test(
      "A load that kexec_file_load refuses is not retried with kexec_load",
      arguments: refusals, [true, false])
    func noFallbackAfterARefusal(errno: Errno, isLockedDown: Bool) {
      let kernel = FakeKernel(isLockedDown ? Self.lockdown : [:]) { $0.kexecFileLoad = [errno] }
      #expect(kernel.run("-l @/vmlinuz") == .failure)
      #expect(kernel.calls.count == 1 && kernel.calls.allSatisfy(\.isFileLoad))
      #expect(
        kernel.errors.hasPrefix(
          "kexec: cannot load \"\(kernel.tree.path)/vmlinuz\": kexec_file_load: \(errno.text)"),
        "\(kernel.errors)")
      #expect(kernel.record == nil && kernel.logged == [])
    }

    @Test(
      "A load falls back to kexec_load when kexec_file_load cannot handle the file",
      arguments: unfit, [true, false])
    func fallsBackWhenFileLoadCannotTakeFile(errno: Errno, isLockedDown: Bool) {
      let kernel = FakeKernel(isLockedDown ? Self.lockdown : [:]) { $0.kexecFileLoad = [errno] }
      #expect(kernel.run("-l @/vmlinuz") == .success)
      #expect(kernel.calls.map(\.isFileLoad) == [true, false])
      #expect(kernel.errors == "")
    }

    @Test("A failed load reports the errors of both system calls and the kernel log")
    func failedLoadReportsBothErrors() {
      let kernel = FakeKernel {
        ($0.kexecFileLoad, $0.kexecLoad) = ([.notExecutable], [.outOfMemory])
        $0.logLines = ["kexec: said so"]
      }
      #expect(kernel.run("-l @/vmlinuz") == .failure)
      #expect(kernel.calls.map(\.isFileLoad) == [true, false])
      #expect(kernel.errors.contains("kexec_load: \(Errno.outOfMemory.text)"))
      #expect(
        kernel.errors.contains(
          "; before that, kexec_file_load failed: \(Errno.notExecutable.text)\n"))
      #expect(kernel.errors.contains("\n  kernel log: kexec: said so\n"))
    }

    @Test(
      "A load falls back to kexec_file_load when kexec_load is missing or forbidden",
      arguments: [Errno.notImplemented, .notPermitted, .accessDenied])
    func fallsBackToFileLoadWhenForbidden(errno: Errno) {
      let kernel = FakeKernel(Self.fast) { $0.kexecLoad = [errno] }
      #expect(kernel.run("-l @/vmlinuz") == .success)
      #expect(kernel.calls.map(\.isFileLoad) == [false, true])
    }

    @Test(
      "kexec_load errors such as EBUSY and ENOMEM cause no fallback to kexec_file_load",
      arguments: [Errno.invalidArgument, .busy, .outOfMemory, .addressNotAvailable])
    func noFallbackAfterOtherErrors(errno: Errno) {
      let kernel = FakeKernel(Self.fast) { $0.kexecLoad = [errno] }
      #expect(kernel.run("-l @/vmlinuz") == .failure)
      #expect(kernel.calls.map(\.isFileLoad) == [false])
      #expect(kernel.errors.contains("kexec_load: \(errno.text)"), "\(kernel.errors)")
    }

    @Test(
      "A load with -s or -c uses only the requested system call, whatever error it returns",
      arguments: ["-s", "-c"], unfit + [.notPermitted])
    func loadUsesOnlyTheRequestedCall(option: String, errno: Errno) {
      let kernel = FakeKernel { ($0.kexecLoad, $0.kexecFileLoad) = ([errno], [errno]) }
      #expect(kernel.run("-l \(option) @/vmlinuz") == .failure)
      #expect(kernel.calls.map(\.isFileLoad) == [option == "-s"])
    }

    /// 2020 bytes are too many for kexec_file_load, but not for kexec_load.
    @Test("A command line too long for kexec_file_load needs kexec_load and fails under lockdown")
    func longCommandLineFailsUnderLockdown() {
      let line = "--command-line=" + String(repeating: "x", count: 2020)
      let kernel = FakeKernel(Self.lockdown)
      #expect(kernel.run("-l @/vmlinuz \(line)") == .failure)
      #expect(kernel.calls == [])
      #expect(kernel.errors.hasPrefix("kexec: the command line is too long: 2020 bytes"))

      let free = FakeKernel()
      #expect(free.run("-l @/vmlinuz \(line)") == .success)
      #expect(free.calls.map(\.isFileLoad) == [false])
    }

    /// A kernel without 5-level page tables, on a machine that uses them. kexec_file_load cannot
    /// enter it; if kexec_load would lose measurements, there is a warning.
    @Test("A kernel without 5-level paging uses kexec_load and warns if IMA has measurements")
    func segmentsTakeKernelWithoutFiveLevels() {
      var files = [
        "/proc/cpuinfo": Array("processor\t: 0\nflags\t\t: fpu la57\n\n".utf8),
        "/vmlinuz": BzImageBuilder { $0.xloadflags = 0x1F }.bytes,
      ]
      let quiet = FakeKernel(files)
      #expect(quiet.run("-l @/vmlinuz") == .success)
      #expect(quiet.calls.map(\.isFileLoad) == [false])
      #expect(!quiet.errors.contains("the other system call"), "\(quiet.errors)")

      files["/sys/kernel/security/ima/runtime_measurements_count"] = Array("5\n".utf8)
      let kernel = FakeKernel(files)
      #expect(kernel.run("-l @/vmlinuz") == .success)
      #expect(kernel.calls.map(\.isFileLoad) == [false])
      let start = "kexec: warning: the other system call is not possible: "
      #expect(kernel.errors.hasPrefix(start), "\(kernel.errors)")
    }

    @Test("kexec_file_load gets the kernel, the initrd and the command line of the user")
    func fileLoadGetsKernelInitrdAndLine() {
      let kernel = FakeKernel()
      #expect(
        kernel.run(words: ["-s", "-l", "@/vmlinuz", "--initrd=@/initrd", "--append=a b"])
          == .success)
      #expect(
        kernel.calls == [
          .fileLoad(
            kernel: BzImageBuilder().bytes, initrd: Array("first".utf8),
            line: Array("a b\0".utf8), flags: 0)
        ])
    }

    @Test(
      "kexec_file_load gets the flag for no initrd when none is given",
      arguments: [("-l", UInt(4)), ("-p", 6)])
    func fileLoadGetsNoInitramfsFlag(action: String, flags: UInt) {
      let kernel = FakeKernel([
        "/proc/iomem": Array(
          "00100000-5ffdffff : System RAM\n  10000000-17ffffff : Crash kernel\n".utf8),
        "/sys/kernel/kexec_crash_size": Array("134217728\n".utf8),
      ])
      #expect(kernel.run("-s \(action) @/vmlinuz") == .success)
      #expect(
        kernel.calls == [
          .fileLoad(kernel: BzImageBuilder().bytes, initrd: nil, line: [0], flags: flags)
        ])
    }

    /// kexec_file_load reads only regular files, so it gets a copy of what comes from a pipe.
    @Test(
      "A kernel and an initrd that come by pipes are loaded by either system call",
      arguments: ["-s", "-c"])
    func loadsFilesFromPipes(call: String) throws {
      let kernel = FakeKernel()
      func pipe(_ bytes: [UInt8]) throws -> Int32 {
        var ends: [Int32] = [0, 0]
        try #require(unsafe Glibc.pipe(&ends) == 0)
        // As much as a pipe holds.
        try #require(unsafe Glibc.write(ends[1], bytes, bytes.count) == bytes.count)
        close(ends[1])
        return ends[0]
      }
      let file = BzImageBuilder().bytes
      let (image, initrd) = (try pipe(file), try pipe([0, 0, 0, 0]))
      defer { for end in [image, initrd] { close(end) } }
      #expect(
        kernel.run("\(call) -l /dev/fd/\(image) --initrd=/dev/fd/\(initrd)") == .success,
        "\(kernel.errors)")
      guard call == "-s" else { return #expect(kernel.calls.count == 1) }
      #expect(
        kernel.calls == [.fileLoad(kernel: file, initrd: [0, 0, 0, 0], line: [0], flags: 0)])
    }

    /// However few bytes a write takes.
    @Test(
      "Several initrds are joined into one padded file, however short each write is",
      arguments: [1, 3, Int.max])
    func joinsSeveralInitrds(writeSize: Int) {
      let kernel = FakeKernel { $0.writeSize = writeSize }
      #expect(
        kernel.run("-s -l @/vmlinuz --initrd=@/initrd --initrd=@/initrd2") == .success)
      #expect(
        kernel.calls.map(\.initrd) == [Array("first\0\0\0second".utf8)], "\(kernel.errors)")
    }

    @Test(
      "A joined initrd that cannot be written completely stops the load",
      arguments: [
        (7, .success(0), .inputOutput), (0, .success(0), .inputOutput),
        (7, .failure(Errno(rawValue: ENOSPC)), Errno(rawValue: ENOSPC)),
      ] as [(Int, Result<Int, Errno>, Errno)])
    func incompleteMemoryFileIsNotLoaded(
      limit: Int, answer: Result<Int, Errno>, wanted: Errno
    ) {
      let kernel = FakeKernel { $0.writeLimit = (limit, answer) }
      #expect(
        kernel.run("-s -l @/vmlinuz --initrd=@/initrd --initrd=@/initrd2") == .failure)
      #expect(kernel.calls == [])
      #expect(kernel.errors.hasSuffix("kexec: \"initrd\": \(wanted.message)\n"))
    }

    /// The file, the offset of the change, and whether it matters for what was loaded.
    @Test(
      "A load is undone if a part of a file that it loads changes meanwhile",
      arguments: [
        ("/vmlinuz", 0x5100, true), ("/initrd", 0, true), ("/initrd2", 3, true),
        // The setup header was copied before the change.
        ("/vmlinuz", 0x1F1, false),
      ])
    func unloadsFilesChangedDuringTheLoad(name: String, offset: Int, matters: Bool) throws {
      for action in ["-l", "-p"] {
        let kernel = FakeKernel([
          "/proc/iomem": Array(
            "00001000-0009ffff : System RAM\n00100000-5ffdffff : System RAM\n".utf8)
            + Array("  10000000-1fffffff : Crash kernel\n".utf8),
          "/sys/kernel/kexec_crash_size": Array("268435456\n".utf8),
        ]) {
          $0.duringLoad = { files in Self.write(to: files.root + name, at: offset) }
        }
        let line = "-c \(action) @/vmlinuz --initrd=@/initrd --initrd=@/initrd2"
        #expect(kernel.run(line) == (matters ? .failure : .success), "\(kernel.errors)")
        #expect(kernel.calls.count == (matters ? 2 : 1))
        guard matters else { continue }
        #expect(kernel.calls.last == .load(segments: 0, flags: action == "-p" ? 1 : 0))
        #expect(
          kernel.errors.contains(
            "kexec: \"\(kernel.tree.path)\(name)\": the file was changed while it was loaded: it was "
              + "unloaded again, and what was loaded before is gone, too\n"), "\(kernel.errors)")
      }
    }

    /// A process writes through a mapping, on a disk's file system and on one in memory.
    @Test(
      "A load fails when the initrd is changed through a shared mapping meanwhile",
      arguments: ["", "/dev/shm"])
    func noticesWriteThroughAMapping(directory: String) throws {
      let path = "\(directory)/kexec-test-\(getpid())"
      let kernel = FakeKernel {
        $0.duringLoad = { files in Self.writeMapped((directory.isEmpty ? files.root : "") + path) }
      }
      let file = (directory.isEmpty ? kernel.tree.path : "") + path
      try #require(FileTree(root: "").replace(file, with: "0123456789"))
      defer { FileTree(root: "").remove(file) }
      #expect(kernel.run("-c -l @/vmlinuz --initrd=\(file)") == .failure)
      #expect(kernel.errors.contains("\(file)\": the file was changed while it was loaded"))
    }

    private static func writeMapped(_ path: String) {
      let file = unsafe open(path, O_RDWR)
      // SAFETY: a shared mapping of the file's first page, which has ten bytes.
      let page = unsafe mmap(nil, 10, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
      precondition(unsafe page != MAP_FAILED)
      unsafe page?.storeBytes(of: 0x55, as: UInt8.self)
      unsafe munmap(page, 10)
      close(file)
    }

    /// Reading pages that no longer exist would end the program.
    @Test(
      "A load is undone when the kernel file or the initrd gets shorter meanwhile",
      arguments: ["/vmlinuz", "/initrd"])
    func unloadsFilesShortenedDuringTheLoad(name: String) {
      let kernel = FakeKernel {
        $0.duringLoad = { files in _ = unsafe truncate(files.root + name, 1) }
      }
      #expect(kernel.run("-c -l @/vmlinuz --initrd=@/initrd") == .failure)
      #expect(kernel.calls.count == 2)
      #expect(kernel.errors.contains("\(name)\": the file was changed while it was loaded"))
    }

    @Test("If a changed load cannot be undone, the error forbids running it")
    func reportsChangedLoadThatCannotBeUndone() {
      let kernel = FakeKernel {
        $0.duringLoad = { files in Self.write(to: files.root + "/initrd", at: 0) }
        $0.kexecLoad = [.none, .busy]
      }
      #expect(kernel.run("-c -l @/vmlinuz --initrd=@/initrd") == .failure)
      #expect(kernel.errors.contains("it cannot be unloaded, and must not be run\n"))
    }

    /// Without checks the jump would not notice the change either.
    @Test("With -i a load succeeds although the initrd changes meanwhile")
    func noChecksIgnoresChangedFiles() {
      let kernel = FakeKernel {
        $0.duringLoad = { files in Self.write(to: files.root + "/initrd", at: 0) }
      }
      #expect(kernel.run("-c -i -l @/vmlinuz --initrd=@/initrd") == .success)
      #expect(kernel.calls.count == 1)
    }

    private static func write(to path: String, at offset: Int) {
      let file = unsafe open(path, O_WRONLY)
      precondition(unsafe pwrite(file, "changed", 7, offset) == 7)
      close(file)
    }

    @Test("A load that needs a file in memory fails when none can be created")
    func failsWithoutFilesInMemory() {
      let kernel = FakeKernel { $0.memoryFile = .notImplemented }
      #expect(kernel.run("-s -l @/vmlinuz --initrd=none") == .failure)
      #expect(kernel.calls == [])
      #expect(kernel.errors == "kexec: \"none\": \(Errno.notImplemented.message)\n")
    }

    @Test("--reuseinitrd passes the running kernel's initrd to kexec_file_load")
    func reusesInitrdOfTheRunningKernel() {
      let kernel = FakeKernel(["/sys/firmware/initrd": Array("kept".utf8)]) { $0.writeSize = 3 }
      #expect(kernel.run("-s -l @/vmlinuz --reuseinitrd") == .success)
      #expect(kernel.calls.map(\.initrd) == [Array("kept".utf8)])
    }

    @Test("A load rejected for its best-effort flags is retried without them and gives a warning")
    func retriesWithoutUnknownFlags() {
      let kernel = FakeKernel { $0.kexecFileLoad = [.invalidArgument] }
      #expect(kernel.run("-s -l @/vmlinuz --no-cma --force-dtb") == .success)
      #expect(kernel.calls.map(\.flags) == [0x34, 4])
      #expect(
        kernel.errors
          == "kexec: warning: the running kernel does not support --no-cma and --force-dtb:"
          + " loaded without them\n")
    }

    @Test(
      "A load that fails with another error is not retried without its best-effort flags",
      arguments: refusals)
    func noRetryWithoutFlagsAfterARefusal(errno: Errno) {
      let kernel = FakeKernel { $0.kexecFileLoad = [errno] }
      #expect(kernel.run("-s -l @/vmlinuz --no-cma") == .failure)
      #expect(kernel.calls.map(\.flags) == [0x14])
    }

    /// The segments of kernel, boot_params and purgatory, for x86_64.
    @Test("kexec_load gets three segments and the x86_64 flag for a kernel without an initrd")
    func kexecLoadGetsThreeSegments() {
      let kernel = FakeKernel()
      #expect(kernel.run("-c -l @/vmlinuz") == .success)
      #expect(kernel.calls == [.load(segments: 3, flags: 62 << 16)])
      #expect(kernel.errors == "" && kernel.output == "")
    }

    @Test("A load always prints warnings, and other notes only with -d")
    func printsOtherNotesOnlyWithDebug() {
      let warning = "kexec: warning: --no-checks has no effect on kexec_file_load\n"
      let kernel = FakeKernel()
      #expect(kernel.run("-s -l @/vmlinuz --no-checks") == .success)
      #expect(kernel.errors == warning)
      let classic = FakeKernel()
      #expect(classic.run("-c -l @/vmlinuz --no-checks") == .success)
      #expect(!classic.errors.contains("not checked"), "\(classic.errors)")
      let debugging = FakeKernel()
      #expect(debugging.run("-d -c -l @/vmlinuz --no-checks") == .success)
      #expect(
        debugging.errors.contains(
          "kexec: debug: the segments are not checked before the jump (--no-checks)\n"))
    }

    @Test("A dry run makes no system call and writes neither a record nor the log")
    func dryRunChangesNothing() {
      let kernel = FakeKernel(["/proc/self/status": Array("CapEff:\t0\n".utf8)])
      #expect(kernel.run("--dry-run -c -l @/vmlinuz --stamp") == .failure)
      #expect(kernel.calls == [] && kernel.output.contains("\n  kernel    "))
      #expect(!kernel.files.exists(LoadRecords.path(of: .reboot)) && kernel.logged == [])
    }

    @Test("A plan notes the missing random seed when there are no random bytes")
    func planNotesMissingRandomSeed() {
      let kernel = FakeKernel { $0.hasRandomBytes = false }
      #expect(kernel.run("--dry-run -c -l @/vmlinuz") == .success)
      #expect(kernel.output.contains("no random bytes are available yet"), "\(kernel.output)")
      let other = FakeKernel()
      #expect(other.run("--dry-run -c -l @/vmlinuz") == .success)
      #expect(!other.output.contains("no random bytes are available yet"), "\(other.output)")
    }

    @Test("A load announces its slow steps on a terminal and nowhere else")
    func announcesSlowStepsOnATerminal() {
      let kernel = FakeKernel { $0.columns = 80 }
      #expect(kernel.run("-c -l @/vmlinuz") == .success)
      #expect(
        kernel.announced == ["kexec: unpacking and checking \"\(kernel.tree.path)/vmlinuz\" ...\n"])
      let unseen = FakeKernel()
      #expect(unseen.run("-c -l @/vmlinuz") == .success)
      #expect(unseen.announced == [])
    }
  }
}

extension FakeKernel.Call {
  var isFileLoad: Bool { if case .fileLoad = self { true } else { false } }

  var flags: UInt? {
    switch self {
    case .load(_, let flags), .fileLoad(_, _, _, let flags): flags
    default: nil
    }
  }

  var initrd: [UInt8]? { if case .fileLoad(_, let initrd, _, _) = self { initrd } else { nil } }
}
