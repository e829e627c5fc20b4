package import KexecABI

/// Everything that a load passes to the running kernel, to the last byte. Nothing has been changed yet.
package struct LoadPlan: Sendable {
  /// What the system call gets.
  package enum Action: Sendable {
    /// kexec_load, with the segments that this program makes.
    case segments(SegmentLoad)
    /// kexec_file_load, with which the running kernel makes the segments.
    case file(FileLoad)
  }

  /// The request that is planned: the user's, but with the parts of a unified image as separate files.
  package var request: LoadRequest { boxedRequest.value }
  private let boxedRequest: Box<LoadRequest>
  /// The kernel's own name for itself, such as "6.1.0-56-cloud-amd64", if the file tells.
  package let kernelVersion: String?
  /// The release, which is the first word of that.
  package let kernelRelease: String?
  /// The image type and boot protocol, as in "bzImage64, boot protocol 2.15".
  package let imageDescription: String
  /// The command line that the next kernel gets.
  package let commandLine: String
  /// What the kernel is for.
  package var purpose: LoadOptions.Purpose { request.options.purpose }
  /// What the system call gets.
  package let action: Action
  /// Why this system call.
  package let reason: RouteReason
  /// The system call.
  package var call: LoadCall {
    switch action {
    case .segments: .segments
    case .file: .file
    }
  }
  /// Whether the kernel knows the parameters of Linux.
  package internal(set) var isLinux = false
  /// What the user should know.
  package internal(set) var notes: [PlanNote]
  /// How much of the reserved memory it takes; nil unless it is for a crash kernel and the region is visible.
  package internal(set) var crashRegionUse: CrashRegionUse?

  /// A plan for `request`.
  init(
    request: LoadRequest, kernelVersion: String?, kernelRelease: String?, imageDescription: String,
    commandLine: String, action: Action, reason: RouteReason, notes: [PlanNote]
  ) {
    boxedRequest = Box(request)
    (self.kernelVersion, self.kernelRelease) = (kernelVersion, kernelRelease)
    self.imageDescription = imageDescription
    self.commandLine = commandLine
    (self.action, self.reason, self.notes) = (action, reason, notes)
  }

  /// The seed of its random addresses; nil when none were drawn.
  package var seed: UInt64? {
    guard case .segments(let load) = action, load.isDrawn else { return nil }
    return request.randomNumbers?.seed
  }

  /// Whether anything is unpacked now.
  package var isFast: Bool { request.options.isFast }

  /// The plan with a note of the reason why nothing is unpacked.
  package func explained(by shortage: MemoryShortage) -> LoadPlan {
    var plan = self
    plan.notes = notes.map { note in
      note == .ordinaryEntry(.switchedOff)
        ? .ordinaryEntry(
          .littleMemory(needed: shortage.needed, available: shortage.available)) : note
    }
    return plan
  }

  /// Whether the kernel can return to the running one: KEXEC_PRESERVE_CONTEXT.
  package var preservesContext: Bool {
    guard case .segments(let load) = action else { return false }
    return (load.flags & SegmentFlags.preserveContext) != 0
  }
}

/// Holds a large constant value, so that only a reference is copied when it is passed on.
private final class Box<Value: Sendable>: Sendable {
  let value: Value

  init(_ value: Value) {
    self.value = value
  }
}
