package import LinuxSystem

/// How much memory the control groups of this process leave for it. Documented in
/// Documentation/admin-guide/cgroup-v2.rst, and for version 1 in cgroup-v1/memory.rst.
package enum ControlGroupMemory {
  /// Bytes that the process may still take: the minimum for its group and all groups around it of the limit
  /// minus the used memory, where cached files that can be dropped do not count as used; nil if no group has
  /// a limit.
  package static func available(in files: FileTree) -> UInt64? {
    guard let text = files.text("/proc/self/cgroup") else { return nil }
    let mounts = (files.text("/proc/self/mountinfo") ?? "").split(separator: "\n")
      .compactMap { Mount($0) }
    var remainders: [UInt64] = []
    // A line is `ID:CONTROLLERS:PATH`; version 2 has no controllers.
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let controllers = fields[1].split(separator: ",")
      guard controllers.isEmpty || controllers.contains("memory"),
        let mount = mounts.first(where: { $0.isOf(controllers.isEmpty ? nil : "memory") })
      else { continue }
      for directory in mount.directories(of: fields[2]) {
        let limit: UInt64?
        if controllers.isEmpty {
          limit = remainder(in: files, directory, "memory.max", "memory.current", total: "")
        } else {
          limit = remainder(
            in: files, directory, "memory.limit_in_bytes", "memory.usage_in_bytes", total: "total_")
        }
        if let limit { remainders.append(limit) }
      }
    }
    return remainders.min()
  }

  /// What the group in `directory` leaves; nil without a limit. In version 1, a number near the largest one
  /// means that there is no limit.
  private static func remainder(
    in files: FileTree, _ directory: String, _ limitName: String, _ usageName: String, total: String
  ) -> UInt64? {
    guard let limit = files.number("\(directory)/\(limitName)"), limit < (1 << 62),
      let usage = files.number("\(directory)/\(usageName)")
    else { return nil }
    let lines = (files.text("\(directory)/memory.stat") ?? "").split(separator: "\n")
    func value(_ name: String) -> UInt64 {
      let line = lines.first { $0.hasPrefix("\(total)\(name) ") }
      return line.flatMap { $0.split(separator: " ").last }.flatMap { UInt64($0) } ?? 0
    }
    let cache = value("inactive_file") + value("active_file") + value("slab_reclaimable")
    let used = usage > cache ? usage - cache : 0
    return limit > used ? limit - used : 0
  }

  /// A line of /proc/self/mountinfo: `ID PARENT DEVICE ROOT PLACE OPTIONS … - TYPE SOURCE OPTIONS`.
  private struct Mount {
    private let root: Substring
    private let place: Substring
    private let type: Substring
    private let options: [Substring]

    init?(_ line: Substring) {
      let words = line.split(separator: " ")
      guard let dash = words.firstIndex(of: "-"), words.count > dash + 3, dash >= 6 else {
        return nil
      }
      root = words[3]
      place = words[4]
      type = words[dash + 1]
      options = words[dash + 3].split(separator: ",")
    }

    /// Whether these are the groups of `controller`, or those of version 2 for nil.
    func isOf(_ controller: Substring?) -> Bool {
      guard let controller else { return type == "cgroup2" }
      return type == "cgroup" && options.contains(controller)
    }

    /// The directories of the group at `path`, and of all groups around it that are mounted here.
    func directories(of path: Substring) -> [String] {
      var below = path
      if root != "/", path.hasPrefix(root) { below = path.dropFirst(root.count) }
      var names = below.split(separator: "/")
      // The group is outside of what the container sees.
      if names.contains("..") { names = [] }
      return (0...names.count).map { count in
        ([String(place)] + names.prefix(count).map(String.init)).joined(separator: "/")
      }
    }
  }
}
