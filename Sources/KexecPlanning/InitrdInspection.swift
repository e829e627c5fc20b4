internal import ByteCoding
internal import Compression
internal import RunningSystem

/// What was found in the initrds of a load. They are inspected at most once, whichever system call loads
/// them.
package struct InitrdInspection: Equatable, Sendable {
  /// What was found in each, in the request's order.
  package let files: [InitrdFindings]
  /// How the kernel was configured, as its image says.
  var configuration: KernelConfiguration?

  /// What was found while the initrds of `request` were unpacked; nil if they are not to be checked
  /// (`--no-checks`).
  init?(_ request: LoadRequest, _ files: [InitrdFindings]) {
    guard request.options.digest != .none else { return nil }
    self.files = files
  }

  /// Inspects the initrds of `request` without keeping what they unpack to.
  init?(_ request: LoadRequest, on machine: Machine) {
    guard request.options.digest != .none else { return nil }
    // Half of the available memory is for the running kernel's copy of the files.
    let space = min(machine.availableMemory ?? .max, machine.processMemory ?? .max)
    let window = Int(clamping: space / 4)
    files = request.initrds.map { initrd in
      defer { initrd.bytes.evict() }
      return InitrdContent(initrd.bytes, unpackedInto: nil, windowLimit: window).findings
    }
  }

  /// The notes when `request` is loaded with the kernel of this release; the initrds at `unpacked` are
  /// unpacked now.
  ///
  /// - Throws: `PlanningError.damagedInitrd`, unless a damaged one may be loaded too.
  func notes(
    _ request: LoadRequest, kernelRelease: String?, unpacked: Set<Int>
  ) throws(PlanningError) -> [PlanNote] {
    var notes: [PlanNote] = []
    for (index, (file, found)) in zip(request.initrds, files).enumerated() {
      if let damage = found.damage {
        guard request.options.forcesInitrd else {
          throw .damagedInitrd(path: file.path, damage)
        }
        notes.append(.initrdDamaged(path: file.path, damage))
      }
      let isUnpacked = unpacked.contains(index)
      notes += found.suspicions.map {
        .initrdSuspect(path: file.path, $0, isUnpackedNow: isUnpacked)
      }
      if let configuration = configuration ?? request.kernelConfiguration {
        let unknown = found.formats.filter { configuration.hasInitrdFormat($0.key) == false }
        notes += unknown.sorted { UInt64($0.value) }.map {
          .initrdFormatUnknown(
            path: file.path, format: $0.key.name, configuration: configuration.path,
            isUnpackedNow: isUnpacked)
        }
      }
      if let reason = found.unchecked {
        notes.append(.initrdNotChecked(path: file.path, reason))
      }
    }
    let releases = files.reduce(into: Set<String>()) { $0.formUnion($1.moduleReleases) }
    if let release = kernelRelease, !releases.isEmpty, !releases.contains(release),
      (configuration ?? request.kernelConfiguration)?.hasModules ?? true
    {
      notes.append(.modulesOfOtherRelease(releases.sorted(), kernel: release))
    }
    return notes
  }
}

extension LoadRequest {
  /// The parameter of `commandLine` that names the root file system in a form that only a program in an
  /// initrd can resolve, if there is no initrd; nil otherwise. Linux itself finds devices by their name, and
  /// partitions by PARTUUID= and PARTLABEL= (Documentation/admin-guide/kernel-parameters.txt, "root=").
  func rootWithoutInitrd(_ commandLine: KernelCommandLine) -> PlanNote? {
    let none = InitrdArchives.empty.array
    guard initrds.allSatisfy({ $0.bytes.count == none.count && $0.bytes.array == none }),
      let root = commandLine.value(of: "root").map(String.init),
      ["UUID=", "LABEL=", "ZFS=", "/dev/mapper/", "/dev/disk/"].contains(where: {
        root.unquoted.hasPrefix($0)
      })
    else { return nil }
    return .rootNeedsInitrd("root=\(root)")
  }
}

extension String {
  fileprivate var unquoted: Substring { drop { $0 == "\"" } }
}
