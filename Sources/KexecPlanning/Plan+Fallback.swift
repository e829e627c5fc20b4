internal import KernelImages
internal import RunningSystem

/// Plans kexec_load with the initrds unpacked where there is room for it: no load fails because
/// they are larger then. An unpacked kernel is never larger than a packed one, which unpacks itself.
func planWhatFits(
  _ image: BzImage, request: LoadRequest, machine: Machine, site: LoadSite
) throws(PlanningError) -> (SegmentLoad, [PlanNote]) {
  do {
    return try planBzImage(image, request: request, machine: machine, site: site)
  } catch {
    guard error.isAboutRoom, request.unpacksInitrds, !request.initrds.isEmpty else { throw error }
  }
  var request = request
  request.unpacksInitrds = false
  let (load, notes) = try planBzImage(image, request: request, machine: machine, site: site)
  return (load, notes + request.initrds.indices.map { .initrdUnchanged($0, .noRoom) })
}

extension PlanningError {
  /// Whether smaller pieces might help.
  fileprivate var isAboutRoom: Bool {
    switch self {
    case .noRoom, .invalid(.moreThanHalfOfRAM): true
    default: false
    }
  }
}
