import LinuxSystem
import RunningSystem
import TestSupport
import Testing

/// How much memory control groups leave, read from their files.
@Suite struct ControlGroupMemoryTests {
  struct Row: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let files: [String: String]
    let space: UInt64?
  }

  private static let two = "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"
  private static let one =
    "40 24 0:30 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
    + "41 24 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"

  /// The files of a version 2 control group.
  private static func group(
    _ path: String, max: String, current: Int, stat: String = ""
  ) -> [String: String] {
    [
      "/sys/fs/cgroup\(path)/memory.max": max,
      "/sys/fs/cgroup\(path)/memory.current": "\(current)\n",
      "/sys/fs/cgroup\(path)/memory.stat": stat,
    ]
  }

  private static func version2(_ path: String, _ groups: [String: String]...) -> [String: String] {
    groups.reduce(["/proc/self/cgroup": "0::\(path)\n", "/proc/self/mountinfo": two]) {
      $0.merging($1) { $1 }
    }
  }

  static let rows: [Row] = [
    Row(testDescription: "no groups", files: [:], space: nil),
    Row(testDescription: "the root", files: version2("/"), space: nil),
    Row(
      testDescription: "no limit", files: version2("/a", group("/a", max: "max\n", current: 5)),
      space: nil),
    Row(
      testDescription: "a limit", files: version2("/a", group("/a", max: "1000\n", current: 300)),
      space: 700),
    Row(
      testDescription: "with cache of files",
      files: version2(
        "/a",
        group(
          "/a", max: "1000\n", current: 900,
          stat: "anon 100\nfile 700\ninactive_file 400\nactive_file 200\nslab_reclaimable 50\n")),
      space: 750),
    Row(
      testDescription: "memory in files of memory is not given up",
      files: version2(
        "/a", group("/a", max: "1000\n", current: 900, stat: "shmem 800\nfile 800\n")), space: 100),
    Row(
      testDescription: "used up", files: version2("/a", group("/a", max: "1000\n", current: 1200)),
      space: 0),
    Row(
      testDescription: "the group around it leaves less",
      files: version2(
        "/a/b", group("/a", max: "1000\n", current: 900), group("/a/b", max: "500\n", current: 100)),
      space: 100),
    Row(
      testDescription: "only the outermost has a limit",
      files: version2(
        "/a/b/c", group("/a", max: "1000\n", current: 1), group("/a/b", max: "max\n", current: 1)),
      space: 999),
    Row(
      testDescription: "in a container",
      files: version2("/", group("", max: "1000\n", current: 10)), space: 990),
    Row(
      testDescription: "outside of what a container sees",
      files: version2("/../other", group("", max: "1000\n", current: 10)), space: 990),
    Row(
      testDescription: "version 1",
      files: [
        "/proc/self/cgroup": "9:cpu,cpuacct:/x\n4:memory:/a\n",
        "/proc/self/mountinfo": one,
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes": "1\n",
        "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "1000\n",
        "/sys/fs/cgroup/memory/a/memory.usage_in_bytes": "900\n",
        "/sys/fs/cgroup/memory/a/memory.stat":
          "inactive_file 1\ntotal_inactive_file 300\ntotal_active_file 100\n",
      ], space: 500),
    Row(
      testDescription: "both versions, memory in the first",
      files: [
        "/proc/self/cgroup": "4:memory:/a\n0::/a\n",
        "/proc/self/mountinfo": one
          + "30 24 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
        "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "1000\n",
        "/sys/fs/cgroup/memory/a/memory.usage_in_bytes": "100\n",
      ], space: 900),
    Row(
      testDescription: "a directory of the groups is mounted",
      files: [
        "/proc/self/cgroup": "0::/box/a\n",
        "/proc/self/mountinfo": "30 24 0:26 /box /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
      ].merging(group("/a", max: "1000\n", current: 400)) { $1 }, space: 600),
    Row(
      testDescription: "lines that are none",
      files: ["/proc/self/cgroup": "\n:\n0:\nx", "/proc/self/mountinfo": "- - -\n\n1 2 3 -"],
      space: nil),
  ]

  @Test("Available memory is the least that any of the control groups leaves", arguments: rows)
  func usesSmallestOfAllGroups(row: Row) {
    let tree = TemporaryTree(row.files)
    #expect(ControlGroupMemory.available(in: FileTree(root: tree.path)) == row.space)
  }
}
