internal import ByteCoding
package import KexecABI
internal import KernelImages
internal import PhysicalMemory
package import RunningSystem

/// Memory that a load needs and that is not available.
package struct MemoryShortage: Equatable, Sendable {
  /// Bytes that it needs beyond what it has taken already.
  package let needed: UInt64
  /// Bytes that are available.
  package let available: UInt64
  /// Whether the limit is that of a control group, and not the machine's memory.
  package let isOfControlGroup: Bool
  /// Bytes of the initrds among what is needed.
  package let initrds: UInt64
}

extension LoadPlanner {
  /// Compares the least that a load by `call` takes with `memory`, before any file is read and digested for
  /// it.
  ///
  /// - Returns: what is missing; nil when there may be enough.
  package func shortage(by call: LoadCall, in memory: AvailableMemory) -> MemoryShortage? {
    guard request.options.purpose == .reboot, let available = memory.machine else { return nil }
    let kernel = if case .bzImage(let image) = image { image.initSize } else { UInt64(0) }
    let initrds = request.initrdByteCount
    // kexec_file_load reads the files, and copies what it has read.
    let files = call == .file ? UInt64(request.kernel.bytes.count) + initrds : 0
    let needed = kernel + initrds + files + LoadPlan.reserve
    guard needed > available else { return nil }
    return MemoryShortage(
      needed: needed, available: available, isOfControlGroup: false, initrds: initrds)
  }
}

extension LoadPlan {
  /// Compares what the load takes with `memory`.
  ///
  /// - Parameters:
  ///   - memory: the available memory.
  ///   - isUnpacked: whether the unpacked files were in memory already when `memory` was read.
  /// - Returns: what is missing; nil when there is enough.
  package func shortage(in memory: AvailableMemory, isUnpacked: Bool) -> MemoryShortage? {
    let own = isUnpacked ? 0 : ownByteCount
    if let available = memory.machine {
      let needed = memoryNeed - ownByteCount + own
      if needed > available {
        return MemoryShortage(
          needed: needed, available: available, isOfControlGroup: false, initrds: initrdByteCount)
      }
    }
    if let available = memory.process, own + callByteCount > available {
      return MemoryShortage(
        needed: own + callByteCount, available: available, isOfControlGroup: true,
        initrds: initrdByteCount)
    }
    return nil
  }

  /// Bytes of the machine's memory that the load takes: for what this program unpacks, and for the running
  /// kernel's copy.
  package var memoryNeed: UInt64 { ownByteCount + kernelByteCount + Self.reserve }

  /// What the running kernel takes beside the pages of an image: page tables, and pages that it cannot use.
  fileprivate static let reserve: UInt64 = .mebibytes(16)

  /// Bytes that this program has unpacked or made. Mapped files do not count: the kernel reclaims their pages
  /// when memory is short.
  private var ownByteCount: UInt64 {
    guard case .segments(let load) = action else { return 0 }
    return load.segments.reduce(0) { $0 + ($1.bytes.isMapped ? 0 : UInt64($1.bytes.count)) }
  }

  /// Bytes that the running kernel takes: a page for each of the image, unless its memory is reserved;
  /// for kexec_file_load the files as well, which it reads whole.
  private var kernelByteCount: UInt64 {
    switch action {
    case .segments(let load):
      return purpose == .crash ? 0 : load.segments.reduce(0) { $0 + $1.destination.byteCount }
    case .file(let load):
      let files = UInt64(request.kernel.bytes.count) + initrdByteCount
      return purpose == .crash ? files : files + load.kernelSize + initrdByteCount
    }
  }

  /// Bytes of the files in memory that are passed to kexec_file_load instead of the user's files.
  private var callByteCount: UInt64 {
    guard case .file = action else { return 0 }
    let isJoined = request.initrds.count > 1 || request.initrds.contains { $0.origin != .file }
    return (request.kernel.origin == .file ? 0 : UInt64(request.kernel.bytes.count))
      + (isJoined ? initrdByteCount : 0)
  }

  private var initrdByteCount: UInt64 {
    switch action {
    case .segments(let load):
      load.segments.reduce(0) { sum, segment in
        if case .initrd = segment.role { sum + segment.destination.byteCount } else { sum }
      }
    case .file: request.initrdByteCount
    }
  }
}
