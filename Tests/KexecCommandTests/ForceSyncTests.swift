import ByteCoding
import Glibc
import TestSupport
import Testing

@testable import KexecCommand
@testable import LinuxSystem

/// Which file systems `--force-sync` writes. Those that cannot be written are named.
struct MountRow: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// /proc/self/mountinfo, and other files.
  var mounts = ""
  var files: [String: String] = [:]
  /// Symbolic links and their targets.
  var links: [String: String] = [:]
  var openErrors: [String: Errno] = [:]
  /// The paths that are written.
  var written: [String]
  /// The error that prevents the jump.
  var failure: String?
  /// The warning, which does not prevent it.
  var warning: String?

  static let root = "21 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"

  static let all: [MountRow] = [
    .init(
      testDescription: "ordinary mounts, spaces in names, no tags",
      mounts: root + "30 21 254:2 / /mnt/a\\040b rw - xfs /dev/mapper/x\\040y rw,attr2\n"
        + "31 21 0:22 / /run rw - tmpfs tmpfs rw,size=9k\n",
      written: ["/", "/mnt/a b", "/run"]),
    .init(
      testDescription: "a read-only mount of a file system that can be written",
      mounts: root + "30 21 254:2 / /srv ro,relatime - xfs /dev/vdb rw\n", written: ["/", "/srv"]),
    .init(
      testDescription: "a file system that cannot be written",
      mounts: root + "30 21 7:1 / /snap rw - squashfs /dev/loop1 ro\n", written: ["/"]),
    .init(
      testDescription: "many mounts of one file system",
      mounts: root + "30 21 254:1 /a /b rw - ext4 /dev/vda1 rw\n"
        + "31 21 254:1 /c /d ro - ext4 /dev/vda1 rw\n", written: ["/"]),
    .init(
      testDescription: "hidden below another mount, and mounted elsewhere too",
      mounts: root + "30 21 254:2 / /mnt/a rw - ext4 /dev/vdb rw\n"
        + "31 21 0:22 / /mnt rw - tmpfs tmpfs rw\n32 21 254:2 /x /y rw - ext4 /dev/vdb rw\n",
      openErrors: ["/mnt/a": .noSuchFile], written: ["/", "/y", "/mnt"]),
    .init(
      testDescription: "hidden below another mount",
      mounts: root + "30 21 254:2 / /mnt/a rw - ext4 /dev/vdb rw\n"
        + "31 21 0:22 / /mnt rw - tmpfs tmpfs rw\n",
      openErrors: ["/mnt/a": .noSuchFile], written: ["/", "/mnt"],
      failure: "\"/mnt/a\" (hidden below another mount)"),
    .init(
      testDescription: "a file where its directory was",
      mounts: root + "30 21 254:2 / /mnt/a rw - ext4 /dev/vdb rw\n",
      openErrors: ["/mnt/a": .notDirectory], written: ["/"],
      failure: "\"/mnt/a\" (hidden below another mount)"),
    .init(
      testDescription: "its place leads to the mount that lies over it",
      mounts: root + "30 21 254:2 / /mnt rw - ext4 /dev/vdb rw\n"
        + "31 30 254:3 / /mnt rw - ext4 /dev/vdc rw\n",
      files: ["/proc/self/fdinfo/2": "pos:\t0\nmnt_id:\t31\n"], written: ["/", "/mnt"],
      failure: "\"/mnt\" (hidden below another mount)"),
    .init(
      testDescription: "mounted in another namespace only",
      mounts: root,
      files: [
        "/proc/7/mountinfo": root.replacing("21 1", with: "91 90")
          + "92 91 254:9 / /data rw - ext4 /dev/vdz rw\n", "/proc/self/ns/x": "",
        "/proc/7/ns/x": "",
      ],
      links: [
        "/proc/self/ns/mnt": "mnt:[1]", "/proc/self/root": "/", "/proc/7/ns/mnt": "mnt:[2]",
        "/proc/7/root": "/",
      ], written: ["/", "/proc/7/root/data"]),
    .init(
      testDescription: "seen only outside of a changed root",
      mounts: root,
      files: [
        "/proc/1/mountinfo": root + "92 91 254:9 / /data rw - ext4 /dev/vdz rw\n",
        "/proc/self/ns/x": "", "/proc/1/ns/x": "",
      ],
      links: [
        "/proc/self/ns/mnt": "mnt:[1]", "/proc/self/root": "/jail", "/proc/1/ns/mnt": "mnt:[1]",
        "/proc/1/root": "/",
      ], written: ["/", "/proc/1/root/data"]),
    .init(
      testDescription: "a user's FUSE mount lets nobody in",
      mounts: root + "30 21 0:50 / /home/u rw - fuse.sshfs u@h: rw,user_id=1000\n",
      openErrors: ["/home/u": .accessDenied], written: ["/"],
      warning: "\"/home/u\" (\(Errno.accessDenied.message)): may not be written"),
    .init(
      testDescription: "a user's FUSE mount that fails otherwise",
      mounts: root + "30 21 0:50 / /home/u rw - fuse.sshfs u@h: rw\n",
      openErrors: ["/home/u": .inputOutput], written: ["/"],
      failure: "\"/home/u\" (\(Errno.inputOutput.message))"),
    .init(
      testDescription: "a disk that cannot be opened",
      mounts: root, openErrors: ["/": .accessDenied], written: [],
      failure: "\"/\" (\(Errno.accessDenied.message))"),
    .init(
      testDescription: "autofs is not opened: that would mount what it stands for",
      mounts: root + "30 21 0:30 / /misc rw - autofs systemd-1 rw,fd=9\n", written: ["/"]),
    .init(
      testDescription: "what is only in memory may be hidden",
      mounts: root + "30 21 0:30 / /dev/shm rw - tmpfs tmpfs rw\n",
      openErrors: ["/dev/shm": .noSuchFile], written: ["/"]),
  ]
}

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  @Suite struct ForceSyncTests {
    private static let jump = FakeKernel.Call.reboot(0x4558_4543)

    @Test(
      "--force-sync writes every file system and names each one that may not be written",
      arguments: MountRow.all)
    func writesOrNamesEachFileSystem(row: MountRow) throws {
      var files = row.files.mapValues { Optional(Array($0.utf8)) }
      if !row.mounts.isEmpty { files["/proc/self/mountinfo"] = Array(row.mounts.utf8) }
      let kernel = FakeKernel(files) { $0.openMount = row.openErrors }
      for (path, target) in row.links {
        try #require(unsafe symlink(target, kernel.tree.path + path) == 0)
      }
      defer { for path in row.links.keys { unsafe unlink(kernel.tree.path + path) } }
      #expect(kernel.run("-e --force-sync") == (row.failure == nil ? .success : .failure))
      let written = kernel.calls.compactMap {
        if case .syncMount(let path) = $0 { path } else { nil }
      }
      #expect(written == row.written)
      #expect(kernel.calls.contains(Self.jump) == (row.failure == nil))
      if let failure = row.failure {
        #expect(
          kernel.errors.hasPrefix("kexec: cannot write every file system: \(failure)\n"),
          "\(kernel.errors)")
      } else {
        #expect(kernel.errors.isEmpty == (row.warning == nil), "\(kernel.errors)")
        #expect(
          kernel.errors.hasPrefix("kexec: warning: \(row.warning ?? "")") != (row.warning == nil))
      }
      // Everything that was opened is closed.
      #expect(
        kernel.calls.count { if case .closeMount = $0 { true } else { false } }
          == kernel.calls.count {
            if case .openMount(let path) = $0 { row.openErrors[path] == nil } else { false }
          })
    }

    @Test("--force-sync opens every mount before it starts to write")
    func opensAllMountsBeforeWriting() {
      let kernel = FakeKernel(["/proc/self/mountinfo": Array(MountRow.all[0].mounts.utf8)])
      #expect(kernel.run("-e --force-sync") == .success)
      let points = ["/", "/mnt/a b", "/run"]
      #expect(
        kernel.calls
          == points.map { .openMount($0) } + [.sync]
          + points.flatMap { [.syncMount($0), .closeMount($0)] } + [.lock, Self.jump])
    }

    @Test("--force-sync passes over a mount that cannot be opened only if it gets unmounted")
    func ignoresMountThatIsUnmountedMeanwhile() {
      let mounts = MountRow.root + "30 21 254:2 / /usb rw - vfat /dev/sdb1 rw\n"
      for isGone in [true, false] {
        let kernel = FakeKernel(["/proc/self/mountinfo": Array(mounts.utf8)]) {
          $0.openMount = ["/usb": .noSuchFile]
          guard isGone else { return }
          $0.duringSync = { _ = $0.replace("/proc/self/mountinfo", with: MountRow.root) }
        }
        #expect(kernel.run("-e --force-sync") == (isGone ? .success : .failure))
      }
    }

    @Test("--force-sync stops the jump when /proc/self/mountinfo cannot be read")
    func stopsTheJumpWithoutMountinfo() {
      let kernel = FakeKernel(["/proc/self/mountinfo": nil])
      #expect(kernel.run("-e --force-sync") == .failure)
      #expect(!kernel.calls.contains(Self.jump))
      #expect(
        kernel.errors.contains(
          "/proc/self/mountinfo, which lists what is mounted, cannot be read\n")
      )
    }

    @Test(
      "A file system that cannot be written stops the jump and is named in the error",
      arguments: ["-e --force-sync", "-e -s"])
    func aFileSystemThatCannotBeWrittenStopsTheJump(line: String) {
      let kernel = FakeKernel(["/proc/self/mountinfo": Array(MountRow.all[0].mounts.utf8)]) {
        $0.syncMount = ["/mnt/a b": .inputOutput]
      }
      #expect(kernel.run(line) == .failure)
      #expect(!kernel.calls.contains(Self.jump) && !kernel.calls.contains(.lock))
      let wanted = "cannot write every file system: \"/mnt/a b\" (\(Errno.inputOutput.message))\n"
      #expect(kernel.errors.hasPrefix("kexec: " + wanted), "\(kernel.errors)")
      // Everything is closed even after a failure.
      #expect(kernel.calls.filter { $0 == .closeMount("/run") }.count == 1)
    }

    @Test("--force-sync writes 401 mounts in three rounds and names a failure in the last one")
    func writesManyMountsInRounds() {
      let lines = (0..<401).map { "\($0 + 9) 1 8:\($0) / /m\($0) rw - ext4 d rw\n" }.joined()
      let kernel = FakeKernel(["/proc/self/mountinfo": Array(lines.utf8)]) {
        $0.syncMount = ["/m400": .inputOutput]
      }
      #expect(kernel.run("-e --force-sync") == .failure)
      #expect(kernel.calls.filter { $0 == .sync }.count == 3)
      #expect(kernel.errors.contains("\"/m400\" ("))
    }
  }
}
