import ByteCoding
import Glibc
import KexecABI
import TestSupport
import Testing

@testable import KexecCommand
@testable import KexecPlanning
@testable import LinuxSystem

/// A cause of an error of a system call: the command line, the kernel's answer, what the program
/// can see, and the message. docs/system-calls.md has the same as a table.
struct CallErrorRow: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// The arguments, without the file.
  let line: String
  let errno: Errno
  /// What the program can see, by path; nil removes a file.
  var files: [String: String?] = [:]
  /// Files that change during the system call.
  var meanwhile: [String: String] = [:]
  /// The text after the error's name, up to the end of the line or of a part of it.
  let why: String
  /// The beginning of the advice; nil for none.
  var advice: String?
  /// Whether the loaded kernel can return.
  var returns = false

  init(
    _ name: String, _ line: String, _ errno: Errno, seen files: [String: String?] = [:],
    meanwhile: [String: String] = [:], returns: Bool = false, _ why: String, _ advice: String? = nil
  ) {
    testDescription = name
    (self.line, self.errno, self.files, self.meanwhile) = (line, errno, files, meanwhile)
    (self.why, self.advice, self.returns) = (why, advice, returns)
  }

  private static let ram = "00001000-0009ffff : System RAM\n00100000-5ffdffff : System RAM\n"
  private static let region: [String: String?] = [
    "/proc/iomem": ram + "  10000000-1fffffff : Crash kernel\n",
    "/sys/kernel/kexec_crash_size": "268435456\n", "/sys/kernel/kexec_crash_loaded": "1\n",
  ]
  private static func built(_ options: String) -> [String: String?] {
    ["/proc/sys/kernel/osrelease": "6.9\n", "/boot/config-6.9": options + "\n"]
  }
  private static let filtered: [String: String?] = [
    "/proc/self/status": "CapEff:\t000001ffffffffff\nSeccomp:\t2\nSeccomp_filters:\t1\n"
  ]
  private static let unfiltered = "CapEff:\t000001ffffffffff\nSeccomp:\t0\n"
  private static func both(
    _ one: [String: String?], _ other: [String: String?]
  ) -> [String: String?] { one.merging(other) { $1 } }

  static let kexecLoad: [CallErrorRow] = [
    .init(
      "lockdown", "-l -c", .notPermitted,
      seen: ["/sys/kernel/security/lockdown": "none [integrity]\n"], "",
      "lockdown (integrity) allows only signed kernels"),
    .init(
      "a limit that was used up meanwhile", "-l -c", .notPermitted,
      seen: ["/proc/sys/kernel/kexec_load_limit_reboot": "1\n"],
      meanwhile: ["/proc/sys/kernel/kexec_load_limit_reboot": "0\n"], "",
      "kernel.kexec_load_limit_reboot allows no more loads"),
    .init(
      "switched off meanwhile", "-l -c", .notPermitted,
      seen: ["/proc/sys/kernel/kexec_load_disabled": "0\n"],
      meanwhile: ["/proc/sys/kernel/kexec_load_disabled": "1\n"], "",
      "kernel.kexec_load_disabled is 1"),
    .init(
      "a seccomp filter", "-l -c", .notPermitted, seen: filtered,
      "a seccomp filter restricts the system calls of this process", "run kexec outside"),
    .init(
      "a security module", "-l -c", .notPermitted,
      seen: [
        "/sys/kernel/security/lsm": "lockdown,yama,apparmor\n", "/proc/self/status": unfiltered,
      ],
      "a security module forbids it: one of lockdown,yama,apparmor", "the log"),
    .init(
      "nothing to be seen", "-l -c", .notPermitted, "a security policy forbids it",
      "the log"),
    .init(
      "IMA by its policy", "-l -c", .accessDenied,
      seen: [
        "/sys/kernel/security/ima/policy": "appraise func=KEXEC_KERNEL_CHECK appraise_type=imasig\n"
      ],
      "IMA's policy requires kernels to be appraised, which it cannot do with kexec_load",
      "use kexec_file_load (-s)"),
    .init(
      "SELinux", "-l -c", .accessDenied, seen: ["/sys/fs/selinux/enforce": "1"],
      "SELinux forbids it",
      "ausearch"),
    .init(
      "built without it", "-l -c", .notImplemented, seen: built("# CONFIG_KEXEC is not set"),
      "the running kernel was built without CONFIG_KEXEC (/boot/config-6.9)",
      "try kexec_file_load (-s)"),
    .init(
      "hidden by a filter", "-l -c", .notImplemented, seen: both(filtered, built("CONFIG_KEXEC=y")),
      "a seccomp filter restricts the system calls of this process", "run kexec outside"),
    .init(
      "built without it or hidden", "-l -c", .notImplemented, seen: filtered,
      "the running kernel lacks this system call (CONFIG_KEXEC), or a seccomp filter",
      "run kexec outside"),
    .init(
      "no such call, as far as is known", "-l -c", .notImplemented,
      "the running kernel was built without CONFIG_KEXEC",
      "try kexec_file_load (-s)"),
    .init(
      "built with it, and yet", "-l -c", .notImplemented, seen: built("CONFIG_KEXEC=y"),
      "the running kernel was built with this system call, but it is not available here"),
    .init(
      "no kexec jump", "--load-preserve-context", .invalidArgument,
      seen: built("CONFIG_KEXEC=y\n# CONFIG_KEXEC_JUMP is not set"),
      "the running kernel was built without CONFIG_KEXEC_JUMP (/boot/config-6.9), so"),
    .init(
      "no hibernation", "--load-preserve-context", .invalidArgument,
      seen: ["/sys/power/state": "freeze\n"],
      "the running kernel cannot hibernate (there is no /sys/power/disk), so it was built"),
    .init(
      "no file tells of kexec jump", "--load-preserve-context", .invalidArgument,
      "the running kernel may lack CONFIG_KEXEC_JUMP: no file tells",
      "look for CONFIG_KEXEC_JUMP"),
    .init(
      "kexec jump, and yet", "--load-preserve-context", .invalidArgument,
      seen: built("CONFIG_KEXEC_JUMP=y"),
      "the running kernel does not accept these"),
    .init(
      "half of RAM", "-l -c", .invalidArgument, seen: ["/proc/meminfo": "MemTotal: 1500000 kB\n"],
      meanwhile: ["/proc/meminfo": "MemTotal: 65536 kB\n"], "the segments take 51.",
      "use a smaller initrd"),
    .init(
      "a flag or a segment", "-l -c", .invalidArgument,
      "the running kernel does not accept these 3 segments or the flags KEXEC_ARCH_X86_64"),
    .init(
      "a flag of --hotplug", "-p -c --hotplug", .invalidArgument,
      seen: both(region, ["/sys/kernel/crash_elfcorehdr_size": "4096\n"]),
      "the running kernel does not accept these 4 segments or the flags KEXEC_ON_CRASH "
        + "KEXEC_UPDATE_ELFCOREHDR", "omit --hotplug"),
    .init(
      "no crash kernels", "-p -c", .invalidArgument,
      seen: both(region, built("# CONFIG_CRASH_DUMP is not set")),
      "the running kernel was built without CONFIG_CRASH_DUMP (/boot/config-6.9)"),
    .init(
      "the region has moved", "-p -c", .addressNotAvailable, seen: region,
      meanwhile: ["/proc/iomem": ram + "  20000000-2fffffff : Crash kernel\n"],
      "the segments (0x1", "load again"),
    .init(
      "the region is gone", "-p -c", .addressNotAvailable, seen: region,
      meanwhile: ["/proc/iomem": ram],
      "the reserved region is gone", "load again"),
    .init(
      "an address", "-l -c", .addressNotAvailable,
      "the running kernel does not accept an address of the segments, which end at 0x"),
    .init(
      "beyond reach", "-l -c", .addressNotAvailable,
      seen: [
        "/proc/iomem": ram + "400000000000-4000ffffffff : System RAM\n",
        "/proc/cpuinfo": "processor\t: 0\naddress sizes\t: 52 bits physical, 57 bits virtual\n\n",
      ], "a segment ends at 0x400", "give a lower --mem-max"),
    .init(
      "a file cut short", "-l -c --initrd=@/initrd", .badAddress, meanwhile: ["/initrd": ""],
      "\"@/initrd\": the file got shorter while it was loaded", "load again"),
    .init(
      "a page that cannot be read", "-l -c", .badAddress,
      "the running kernel could not read the bytes that it was given", "dmesg has"),
    .init(
      "too little memory", "-l -c", .outOfMemory,
      seen: ["/proc/meminfo": "MemAvailable: 1500000 kB\n"],
      meanwhile: ["/proc/meminfo": "MemAvailable: 1024 kB\n"],
      "51.", "free some memory"),
    .init(
      "memory that it cannot use", "-l -c", .outOfMemory,
      seen: ["/proc/meminfo": "MemAvailable: 1500000 kB\n"], "51.", "free more memory"),
    .init(
      "no room in the region", "-p -c", .outOfMemory, seen: region, "51.",
      "reserve more: boot the running kernel with crashkernel=320M"),
    .init(
      "another load", "-l -c", .busy, "another load or unload, or a change of the reserved size",
      "try again"),
    .init(
      "an answer that nobody knows", "-l -c", Errno(rawValue: 4000),
      "kernels are not known to give this error; dmesg"),
  ]

  static let fileLoad: [CallErrorRow] = [
    .init(
      "lockdown and no signature", "-l -s", .notPermitted,
      seen: ["/sys/kernel/security/lockdown": "none [integrity]\n"],
      "lockdown (integrity) allows only signed kernels, and this one has no valid signature",
      "sign the image"),
    .init(
      "a filter", "-l -s", .notPermitted, seen: filtered,
      "a seccomp filter restricts the system calls",
      "run kexec outside"),
    .init(
      "IMA's appraisal", "-l -s", .accessDenied,
      seen: ["/proc/cmdline": "ima_policy=secure_boot\n"],
      "IMA's policy requires kernels to be appraised, and this file fails the appraisal",
      "sign the file"),
    .init(
      "SELinux and a file", "-l -s", .accessDenied, seen: ["/sys/fs/selinux/enforce": "1"],
      "SELinux", "ausearch"),
    .init("no signature", "-l -s", .noData, "the image has no signature", "sign the image"),
    .init("an unknown key", "-l -s", .noKey, "the image is signed by a key", "sign the image"),
    .init(
      "a wrong signature", "-l -s", .keyRejected, "the signature does not match", "sign the image"),
    .init(
      "an unknown algorithm", "-l -s", .noPackage,
      "the running kernel does not support the algorithm", "sign the image"),
    .init(
      "no place for one", "-l -s", .badLibrary, "the image does not have the format",
      "sign the image"),
    .init(
      "no signature at all", "-l -s", .badMessage, "the signature is not well", "sign the image"),
    .init("a long one", "-l -s", .messageSize, "the signature is longer", "sign the image"),
    .init(
      "no such image", "-l -s", .notExecutable,
      "the running kernel's loader does not support this type of image (bzImage64, boot protocol 2.15)",
      "omit -s"),
    .init(
      "a file, a line or a flag", "-l -s", .invalidArgument,
      "the running kernel's loader does not accept this file, this command line or the "
        + "flags KEXEC_FILE_NO_INITRAMFS", "omit -s"),
    .init(
      "no crash kernels, by file", "-p -s", .invalidArgument,
      seen: both(region, built("# CONFIG_CRASH_DUMP is not set")),
      "the running kernel was built without CONFIG_CRASH_DUMP"),
    .init(
      "not on this machine", "-l -s", .notSupported,
      "the running kernel's loader does not support this machine", "omit -s"),
    .init(
      "no hole for the kernel", "-l -s", .addressNotAvailable,
      seen: ["/proc/iomem": "00100000-020fffff : System RAM\n03000000-047fffff : System RAM\n"],
      "no free range is large enough: the kernel needs 51.4 MiB, and the largest range of RAM "
        + "has 32 MiB", "kexec_load (-c) may"),
    .init(
      "no hole for the initrd", "-l -s --initrd=@/large", .addressNotAvailable,
      seen: ["/proc/iomem": "00100000-058fffff : System RAM\n"],
      "no free range is large enough: the initrd needs 90 MiB, and the largest range of RAM "
        + "has 88 MiB", "use a smaller"),
    .init(
      "no holes for both", "-l -s --initrd=@/initrd", .addressNotAvailable,
      "no free range is large enough: the kernel needs 51.4 MiB, the initrd 5 bytes, "
        + "and the largest range of RAM has 1.4 GiB", "use a smaller"),
    .init(
      "small areas for a handover", "-l -s --initrd=@/initrd", .addressNotAvailable,
      seen: ["/sys/kernel/debug/kho/out/scratch_len": "0x800000\n0x0\n0x1000000\n"],
      "the scratch areas of kexec handover are too small: the next kernel needs 51.4 MiB, and they "
        + "have 8 MiB, 16 MiB", "boot the running kernel with larger ones"),
    .init(
      "areas for a handover whose sizes are not told", "-l -s", .addressNotAvailable,
      seen: ["/dev/liveupdate": ""],
      "the scratch areas of kexec handover are too small: the next kernel needs 51.4 MiB, and they "
        + "are of unknown size (mount debugfs", "boot the running kernel with larger ones"),
    .init(
      "addresses are hidden", "-l -s", .addressNotAvailable,
      seen: ["/proc/iomem": "00000000-00000000 : System RAM\n"],
      "the running kernel finds no memory range"
    ),
    .init(
      "the region is too small", "-p -s", .addressNotAvailable, seen: region,
      "there is no range of 51.",
      "the reserved region is too small: reserve more: boot the running kernel with crashkernel=320M"
    ),
    .init(
      "the region is gone, by file", "-p -s", .addressNotAvailable, seen: region,
      meanwhile: ["/proc/iomem": ram], "the reserved memory is gone", "boot the running kernel"),
    .init(
      "a file too large", "-l -s", .fileTooBig,
      "the running kernel's loader does not accept a file of",
      "omit -s"),
    .init(
      "a file that is written", "-l -s", .textFileBusy, "a file is open for writing", "close it"),
    .init("a disk", "-l -s", .inputOutput, "a file cannot be read from its disk", "dmesg has"),
    .init(
      "a descriptor", "-l -s", .notOpen, "the running kernel cannot read the file that it was given"
    ),
    .init("a signal", "-l -s", .interrupted, "a signal arrived", "try again"),
    .init(
      "too little memory, by file", "-l -s", .outOfMemory,
      seen: ["/proc/meminfo": "MemAvailable: 1500000 kB\n"],
      meanwhile: ["/proc/meminfo": "MemAvailable: 2048 kB\n"], "51.", "free some memory"),
    .init(
      "no room in the region, by file", "-p -s", .outOfMemory, seen: region, "51.",
      "reserve more: boot the running kernel with crashkernel=320M"),
    .init("another load, by file", "-l -s", .busy, "another load or unload", "try again"),
    .init(
      "built without the file call", "-l -s", .notImplemented,
      seen: built("CONFIG_KEXEC=y\n# CONFIG_KEXEC_FILE is not set"),
      "the running kernel was built without CONFIG_KEXEC_FILE (", "try kexec_load (-c)"),
  ]

  static let unload: [CallErrorRow] = [
    .init(
      "lockdown and kexec_load", "-u -c", .notPermitted,
      seen: ["/sys/kernel/security/lockdown": "none [integrity]\n"], "forbidden by lockdown",
      "use kexec_file_load (-s), which may unload"),
    .init(
      "a filter when unloading", "-u -s", .notPermitted, seen: filtered,
      "a seccomp filter restricts",
      "run kexec outside"),
    .init(
      "a policy when unloading", "-u -s", .notPermitted, "a security policy forbids it", "the log"),
    .init(
      "a load when unloading", "-u -c", .busy,
      "a load, or a change of the reserved size, is in progress",
      "try again"),
    .init(
      "no such call to unload", "-u -s", .notImplemented,
      seen: built("# CONFIG_KEXEC_FILE is not set"),
      "the running kernel was built without CONFIG_KEXEC_FILE", "try kexec_load"),
    .init(
      "no crash kernels to unload", "-u -p -c", .invalidArgument,
      seen: ["/sys/kernel/kexec_crash_size": "268435456\n"],
      "the running kernel does not support crash kernels (CONFIG_CRASH_DUMP)"),
    .init("another answer", "-u -c", .inputOutput, "kernels are not known to give this error"),
  ]

  static let jump: [CallErrorRow] = [
    .init(
      "another namespace", "-e", .invalidArgument,
      "a kernel is loaded, but only processes of the initial PID namespace may run it",
      "run it on the"),
    .init(
      "no /sys", "-e", .invalidArgument,
      seen: [
        "/sys/kernel/kexec_loaded": nil, "/sys/kernel/kexec_crash_loaded": nil,
        "/sys/kernel/kexec_crash_size": nil, "/sys/kernel/boot_params/data": nil,
      ], "nothing is loaded, or the running kernel has no kexec", "mount sysfs"),
    .init(
      "a filter against the jump", "-e", .notPermitted, seen: filtered,
      "a seccomp filter restricts",
      "run kexec outside"),
    .init(
      "a policy against the jump", "-e", .notPermitted, "a security policy forbids it", "dmesg"),
    .init("a load at the jump", "-e", .busy, "a load is in progress", "try again"),
    .init(
      "what does not sleep", "-e", .busy, returns: true,
      "a process or a device cannot be put to sleep", "dmesg names it"),
    .init(
      "a device that fails", "-e", .inputOutput, returns: true, "a device cannot be put to sleep",
      "dmesg names it"),
    .init(
      "no memory to sleep", "-e", .outOfMemory, returns: true,
      "there is not enough memory to put the running system to sleep", "free some memory"),
    .init("another answer to the jump", "-e", .inputOutput, "kernels are not known"),
  ]

  static let all = kexecLoad + fileLoad + unload + jump
}

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  @Suite struct CallErrorTests {
    private func kernel(of row: CallErrorRow) -> FakeKernel {
      var files = row.files.mapValues { $0.map { Array($0.utf8) } }
      if row.line.contains("/large") { files["/large"] = [UInt8](repeating: 0x78, count: 90 << 20) }
      if row.returns { files[LoadRecords.path(of: .reboot)] = LoadRecord.bytes(returns: true) }
      return FakeKernel(files) {
        ($0.kexecLoad, $0.kexecFileLoad, $0.reboot) = ([row.errno], [row.errno], row.errno)
        $0.duringLoad = { files in
          for (path, text) in row.meanwhile {
            // Written in place, because the file is open.
            let file = unsafe open(files.root + path, O_WRONLY | O_TRUNC)
            let bytes = Array(text.utf8)
            precondition(unsafe write(file, bytes, bytes.count) == bytes.count)
            close(file)
          }
        }
      }
    }

    private func run(_ row: CallErrorRow) -> FakeKernel {
      let kernel = kernel(of: row)
      let isLoad =
        row.line.hasPrefix("-l") || row.line.hasPrefix("-p") || row.line.contains("preserve")
      let exit = kernel.run(row.line + (isLoad ? " @/vmlinuz" : ""))
      #expect(exit == .failure || exit == .usage)
      return kernel
    }

    private func check(_ row: CallErrorRow, _ kernel: FakeKernel) {
      let lines = kernel.errors.split(separator: "\n")
      let found = lines.first { $0.hasPrefix("kexec: cannot ") } ?? ""
      let why = row.why.replacing("@", with: kernel.tree.path)
      let name = Comment(rawValue: "\(row.testDescription): \(kernel.errors)")
      #expect(found.contains(": " + row.errno.text(why)), name)
      if let advice = row.advice {
        #expect(lines.last?.hasPrefix("  " + advice) == true, name)
      } else {
        #expect(lines.last == found, name)
      }
    }

    /// Each message gives the cause and the advice, and no two causes of one system call have the
    /// same message.
    @Test(
      "A failed system call is reported with its cause, and no two causes share a message",
      arguments: [
        CallErrorRow.kexecLoad, CallErrorRow.fileLoad, CallErrorRow.unload, CallErrorRow.jump,
      ])
    func reportsCauseAndAdviceOfEachFailedCall(rows: [CallErrorRow]) {
      let said = rows.map { row in
        let kernel = run(row)
        check(row, kernel)
        return kernel.errors.replacing(kernel.tree.path, with: "@")
      }
      for (index, text) in said.enumerated() {
        if let other = said[..<index].firstIndex(of: text) {
          Issue.record("\(rows[index]) and \(rows[other]): \(text)")
        }
      }
    }

    @Test("A failed load cites /proc/config.gz rather than the configuration file in /boot")
    func citesProcConfigBeforeBootConfig() {
      let config = "CONFIG_KEXEC=y\n# CONFIG_KEXEC_JUMP is not set\n"
      let kernel = FakeKernel([
        "/proc/config.gz": Compressor.gzip.compress(Array(config.utf8)),
        "/proc/sys/kernel/osrelease": Array("6.9\n".utf8),
        "/boot/config-6.9": Array("CONFIG_KEXEC_JUMP=y\n".utf8),
      ]) { $0.kexecLoad = [.invalidArgument] }
      #expect(kernel.run("--load-preserve-context @/vmlinuz") == .failure)
      #expect(kernel.errors.contains("CONFIG_KEXEC_JUMP (/proc/config.gz), so"))
    }

    /// The errors after which the other system call is tried: the table of docs/system-calls.md.
    @Test("A load falls back to the other system call after certain errors and after no others")
    func fallsBackOnlyAfterCertainErrors() {
      let afterFile: [Errno] = [.notImplemented, .notExecutable, .invalidArgument, .notSupported]
      let afterSegments: [Errno] = [.notImplemented, .notPermitted, .accessDenied]
      let fast = BzImageBuilder { $0.payload = [UInt8](repeating: 1, count: 64) }.bytes
      for errno in Set(CallErrorRow.all.map(\.errno)) {
        let file = FakeKernel { $0.kexecFileLoad = [errno] }
        _ = file.run("-l @/vmlinuz")
        #expect(
          file.calls.map(\.isFileLoad) == (afterFile.contains(errno) ? [true, false] : [true]),
          "\(errno.text)")
        let segments = FakeKernel(["/vmlinuz": fast]) { $0.kexecLoad = [errno] }
        _ = segments.run("-l @/vmlinuz")
        #expect(
          segments.calls.map(\.isFileLoad)
            == (afterSegments.contains(errno) ? [false, true] : [false]), "\(errno.text)")
      }
    }

    /// Which file is open for writing, and in which process.
    @Test("A process that has a file open for writing is found, and a reader is not")
    func findsProcessThatWritesAFile() throws {
      let tree = TemporaryTree(["/kernel": "x"])
      let path = tree.path + "/kernel"
      let file = try InputFile(path: path)
      #expect(file.writer(in: .running) == nil)
      for (mode, isWriter) in [(O_RDONLY, false), (O_WRONLY, true), (O_RDWR, true)] {
        let other = unsafe open(path, mode)
        #expect((file.writer(in: .running)?.hasSuffix(" \(getpid())") == true) == isWriter)
        close(other)
      }
    }
  }
}
