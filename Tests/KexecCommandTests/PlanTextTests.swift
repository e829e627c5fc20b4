import TestSupport
import Testing

@testable import KexecCommand

/// In this suite because getopt_long keeps its place in global variables.
extension InvocationTests {
  /// What a dry run says: facts first, addresses last, and with -d all there is.
  @Suite struct PlanTextTests {
    private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

    private static let files: [String: [UInt8]?] = [
      "/vmlinuz": BzImageBuilder { $0.payload = payload(zstd: VmlinuxBuilder().bytes) }.bytes,
      "/proc/sys/kernel/kexec_load_disabled": text("0\n"),
      "/proc/meminfo": text("MemAvailable: 1048576 kB\nSwapFree: 0 kB\n"),
      "/proc/self/status": text("Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n"),
    ]
    private static let crash: [String: [UInt8]?] = [
      "/proc/iomem": text("00100000-5ffdffff : System RAM\n  10000000-1fffffff : Crash kernel\n"),
      "/sys/kernel/kexec_crash_size": text("268435456\n"),
    ]

    /// The lines of a dry run of `line`, with the directory of the files as `@`.
    private func plan(_ line: String, _ others: [String: [UInt8]?] = [:]) -> [String] {
      let kernel = FakeKernel(Self.files.merging(others) { $1 })
      _ = kernel.run("--dry-run \(line)")
      return kernel.output.replacing(kernel.tree.path, with: "@").split(separator: "\n").map(
        String.init)
    }

    /// The names of the rows above the addresses.
    private func names(_ lines: [String]) -> [String] {
      lines.dropFirst().map { $0.split(separator: " ")[0] }.prefix { $0 != "address" }
        .map(String.init)
    }

    @Test("A plan says what is loaded and how, whether it may be, and then where it goes")
    func factsComeFirstAndAddressesLast() throws {
      let lines = plan("-l @/vmlinuz --initrd=@/initrd --initrd=@/initrd2 --append=quiet")
      #expect(lines[0] == "Ready to load (dry run: nothing was touched)")
      #expect(lines[1].hasPrefix("  kernel    6.1.0-56-cloud-amd64 "))
      #expect(lines[1].hasSuffix("  @/vmlinuz (bzImage64)"))
      #expect(lines[2].hasPrefix("  initrd    @/initrd ") && lines[2].hasSuffix("  5 bytes"))
      #expect(lines[3].hasPrefix("  initrd    @/initrd2 ") && lines[3].hasSuffix("  6 bytes"))
      #expect(lines[4] == "  cmdline   quiet")
      #expect(lines[5] == "  method    kexec_load, unpacked now: fast jump")
      #expect(lines[6].hasPrefix("  memory    needs ") && lines[6].contains(", 1 GiB available  "))
      #expect(lines[7].hasPrefix("  allowed   root, kexec_load_disabled=0  "))
      // What rows say already is no note.
      #expect(!lines.contains { $0.hasPrefix("  note ") && $0.contains("unpacked") })
      // What stands behind the values is one column.
      let ends = [lines[1].range(of: "@/v"), lines[6].range(of: "ok"), lines[7].range(of: "ok")]
      #expect(Set(ends).count == 1 && ends[0] != nil)
      let table = try #require(lines.firstIndex { $0.hasPrefix("  address ") })
      #expect(lines[table].hasSuffix("size       (random at each load)"))
      let rows = lines[(table + 1)...].map { $0.split(separator: " ") }
      // Highest first, all addresses of one width, the kernel in one row.
      #expect(
        rows.map { $0[4...].joined(separator: " ") }.sorted() == ["initrd", "initrd 2", "kernel"])
      #expect(rows.map { $0[0] } == rows.map { $0[0] }.sorted(by: >))
      #expect(Set(rows.map { $0[0].count }).count == 1 && rows.allSatisfy { $0[3] == "#" })
    }

    @Test(
      "With -d a plan adds versions, entries, the seed, peak memory, the check and all segments")
    func debugAddsAllThereIs() {
      let line = "-l @/vmlinuz --initrd=@/initrd --seed=7"
      let (short, long) = (plan(line), plan(line + " -d"))
      for name in ["version", "image", "entry", "seed", "peak", "check"] {
        #expect(names(long).contains(name) && !names(short).contains(name), "\(name)")
      }
      #expect(long.contains { $0.hasPrefix("  note      the kernel is unpacked (zstd)") })
      #expect(long.contains { $0.hasPrefix("  note      if it hangs: --early-output ") })
      #expect(short.contains { $0.hasSuffix("  (drawn from --seed)") })
      for label in ["purgatory, in ", "boot_params, in ", "kernel", "initrd", "free", "RAM"] {
        #expect(
          long.contains { $0.contains("  #  \(label)") || $0.hasSuffix("  .  \(label)") },
          "\(label)")
      }
      #expect(long.filter { $0.contains("  #  kernel") }.count > 1)
      #expect(short.filter { $0.contains("  #  kernel") }.count == 1)
      // The kernel's row spans all of its segments.
      func start(_ line: String?) -> Substring? { line?.split(separator: " ").first }
      #expect(
        start(short.first { $0.contains("  #  kernel") })
          == start(long.last { $0.contains("  #  kernel") }))
    }

    @Test("The first line of a plan says what stands in the way, and its row why")
    func headlineSaysWhatStandsInTheWay() {
      let rows: [(String, [String: [UInt8]?], String, String)] = [
        (
          "-l", ["/proc/sys/kernel/kexec_load_disabled": Self.text("1\n")],
          "Not ready to load: loading and unloading are switched off (dry run)",
          "root, kexec_load_disabled=1  no"
        ),
        (
          "-l", ["/proc/self/status": Self.text("Uid:\t7\t7\t7\t7\nCapEff:\t0\n")],
          "Not ready to load: not permitted (dry run)",
          "user 7 without CAP_SYS_BOOT, kexec_load_disabled=0  no"
        ),
        (
          "-l",
          [
            "/proc/self/uid_map": Self.text("0 100000 65536\n"),
            "/proc/sys/kernel/kexec_load_limit_reboot": Self.text("3\n"),
          ], "Not ready to load: not permitted (dry run)",
          "root in a container, kexec_load_disabled=0, 3 more loads  no"
        ),
        (
          "-l -s", ["/sys/kernel/security/lockdown": Self.text("none [integrity]\n")],
          "Planned to load (dry run: nothing was touched)",
          "root, kexec_load_disabled=0, lockdown=integrity  unknown"
        ),
        (
          "-p", Self.crash, "Ready to load a crash kernel (dry run: nothing was touched)",
          "root, kexec_load_disabled=0  ok"
        ),
        (
          "-l", ["/proc/sys/kernel/kexec_load_disabled": nil],
          "Planned to load (dry run: nothing was touched)",
          "root, kexec_load_disabled=unknown  unknown"
        ),
        (
          "-l --machine=@ --arch=x86_64",
          ["/proc/sys/kernel/kexec_load_disabled": Self.text("1\n")],
          "Not ready to load: loading and unloading are switched off (dry run)",
          "unknown user, kexec_load_disabled=1  no"
        ),
        (
          "-l --machine=@ --arch=x86_64",
          ["/proc/self/status": Self.text("Uid:\t7\t7\t7\t7\nCapEff:\t0\n")],
          "Plan for another machine (dry run: nothing was touched)",
          "unknown user, kexec_load_disabled=0  unknown"
        ),
      ]
      for (line, files, headline, allowed) in rows {
        let lines = plan(line + " @/vmlinuz", files)
        #expect(lines[0] == headline)
        let row = lines.first { $0.hasPrefix("  allowed   ") } ?? ""
        let words = row.split(separator: " ").dropFirst().joined(separator: " ")
        #expect(words == allowed.split(separator: " ").joined(separator: " "))
      }
    }

    @Test("Memory that nobody knows of is said to be unknown")
    func unknownMemoryIsSaidToBe() {
      let row = plan("-l @/vmlinuz", ["/proc/meminfo": nil]).first { $0.hasPrefix("  memory ") }
      #expect(row?.hasSuffix(" unknown") == true && row?.contains("available") == false)
    }

    @Test("A plan by kexec_file_load gives its reason, and leaves the addresses to the kernel")
    func fileLoadLeavesAddressesToTheKernel() {
      for lines in [plan("-l -s @/vmlinuz"), plan("-p -s @/vmlinuz", Self.crash)] {
        #expect(lines.contains("  method    kexec_file_load, as requested"))
        #expect(lines.last == "  address   chosen by the running kernel")
      }
      let crash = plan("-p -c @/vmlinuz", Self.crash)
      #expect(names(crash).starts(with: ["kernel", "cmdline", "reserved", "method", "memory"]))
      #expect(!crash.contains { $0.contains("random") })
    }
  }
}

extension String {
  /// Where `part` begins.
  fileprivate func range(of part: String) -> Int? {
    firstRange(of: part).map { distance(from: startIndex, to: $0.lowerBound) }
  }
}
