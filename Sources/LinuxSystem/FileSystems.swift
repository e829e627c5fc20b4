internal import ByteCoding
internal import CLinux
internal import CLibrary

/// The mounted file systems.
package struct FileSystems: Sendable {
  /// Starts writing all buffers to the disks. Corresponds to `sync`, which cannot report failures.
  package var sync: @Sendable () -> Void
  /// Opens a mount point, and gives the number of the open file. Corresponds to
  /// `open(path, O_RDONLY | O_DIRECTORY)`.
  package var openMount: @Sendable (_ path: String) -> Result<Int32, Errno>
  /// Writes the buffers of the file system that a file is on, and waits for the disk: nil when that
  /// worked. Corresponds to `syncfs`.
  package var syncMount: @Sendable (_ number: Int32) -> Errno?
  /// Closes what `openMount` has opened.
  package var closeMount: @Sendable (_ number: Int32) -> Void

  /// File systems with these functions.
  package init(
    sync: @escaping @Sendable () -> Void,
    openMount: @escaping @Sendable (_ path: String) -> Result<Int32, Errno>,
    syncMount: @escaping @Sendable (_ number: Int32) -> Errno?,
    closeMount: @escaping @Sendable (_ number: Int32) -> Void
  ) {
    self.sync = sync
    self.openMount = openMount
    self.syncMount = syncMount
    self.closeMount = closeMount
  }

  /// Those of the running kernel.
  package static let running = FileSystems {
    CLibrary.sync()
  } openMount: { path in
    let number = unsafe clinux_open(path.cBytes, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    return number >= 0 ? .success(number) : .failure(.last)
  } syncMount: { number in
    .ofCall(clinux_syncfs(number))
  } closeMount: { number in
    _ = close(number)
  }
}

extension FileSystems {
  /// A file system that may not have been written completely.
  package struct Unwritten {
    /// Where it is mounted.
    package let mountPoint: String
    /// The error; nil when other mounts hide all its mount points.
    package let errno: Errno?
    /// Whether that can be ignored: a user's FUSE mount is accessible to nobody else, not even to root.
    package let isNoLoss: Bool
  }

  /// Writes the buffers of every writable mounted file system, in this and in other mount namespaces, and
  /// waits for the disks. `files` has the lists of mounts.
  ///
  /// - Returns: those for which success is not certain; nil when it is unknown what is mounted.
  package func syncForCertain(mountsIn files: FileTree) -> [Unwritten]? {
    // Opening an autofs mount would mount its file system, and might wait for a dead server.
    guard var systems = files.writableFileSystems()?.filter({ $0.type != "autofs" })[...] else {
      return nil
    }
    var rest: [Unwritten] = []
    var lost: [(system: MountedFileSystem, errno: Errno?)] = []
    // Only as many at a time as a process may have open.
    while !systems.isEmpty {
      var open: [(mountPoint: String, number: Int32)] = []
      for system in systems.prefix(200) {
        switch self.open(system, files) {
        case .success(let place): open.append(place)
        case .failure(let fault): lost.append((system, fault.errno))
        }
      }
      // This starts writing on all of them. An error is reported to every process that has the file system
      // open.
      sync()
      for (mountPoint, number) in open {
        if let errno = syncMount(number) {
          rest.append(Unwritten(mountPoint: mountPoint, errno: errno, isNoLoss: false))
        }
        closeMount(number)
      }
      systems = systems.dropFirst(200)
    }
    return rest + stillMounted(lost, files)
  }

  /// Why a file system could not be opened; nil when another mount lies over it.
  private struct Fault: Error {
    let errno: Errno?
  }

  /// Opens a file system by the first of its mount points that is not hidden.
  private func open(
    _ system: MountedFileSystem, _ files: FileTree
  ) -> Result<(mountPoint: String, number: Int32), Fault> {
    var fault: Errno?
    for place in system.places {
      switch openMount(place.path) {
      case .success(let number):
        if files.isOpen(number, in: system) { return .success((place.path, number)) }
        closeMount(number)
      // Another mount hides a directory of the path.
      case .failure(.noSuchFile), .failure(.notDirectory): break
      case .failure(let errno): fault = fault ?? errno
      }
    }
    return .failure(Fault(errno: fault))
  }

  /// Those that could not be opened, but are still mounted and store data.
  private func stillMounted(
    _ lost: [(system: MountedFileSystem, errno: Errno?)], _ files: FileTree
  ) -> [Unwritten] {
    let lost = lost.filter { !$0.system.isInMemory }
    guard !lost.isEmpty, let now = files.writableFileSystems() else { return [] }
    return lost.compactMap { system, errno in
      guard let place = system.places.first,
        now.contains(where: { $0.places.contains { $0.id == place.id } })
      else { return nil }
      return Unwritten(
        mountPoint: place.path, errno: errno,
        isNoLoss: system.isUsers && errno == .accessDenied)
    }
  }
}
