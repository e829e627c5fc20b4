import ByteCoding
import KernelImages
import KexecABI
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

// The machine that most tests of plans load on, and short forms for making a plan.

/// The 1536 MiB guest, known by firmware's map alone.
func guest(ram: ClosedRange<UInt64>...) -> Machine {
  let ranges = ram.isEmpty ? [0...0x9_FBFF, 0x10_0000...0x5FFD_FFFF] : ram
  var machine = TemporaryTree([:]).machine
  machine.firmwareMap = MemoryMap(
    ranges.compactMap { range in
      PhysicalRange(first: range.lowerBound, last: range.upperBound).map { .init($0, .ram) }
    })
  return machine
}

func physical(_ start: UInt64, _ byteCount: UInt64) -> PhysicalRange {
  PhysicalRange(start: PhysicalAddress(start), end: PhysicalAddress(start + byteCount))
}

func file(_ byteCount: Int) -> LoadRequest.File {
  .init(path: "file", bytes: SharedBytes([UInt8](repeating: 0, count: byteCount)))
}

/// Made once: its checksum takes a while.
private let standardKernel = BzImageBuilder().file

/// A plan for the kernel of `builder`, or for the standard one. Kernels are small here, so that
/// their digests cost nothing.
func planned(
  _ builder: BzImageBuilder? = nil, by call: LoadCall, on machine: Machine,
  _ change: (inout LoadRequest) -> Void = { _ in }
) throws(PlanningError) -> LoadPlan {
  var request = LoadRequest(
    kernel: .init(path: "vmlinuz", bytes: builder?.file ?? standardKernel))
  request.randomNumbers = .init(virtual: 0, physical: 0)
  change(&request)
  guard let image = try? KernelImage.open(request.kernel.bytes) else { fatalError("no image") }
  return try plan(request, by: Route(call, .asked), on: machine, image: image)
}

func segments(
  _ builder: BzImageBuilder? = nil, on machine: Machine,
  _ change: (inout LoadRequest) -> Void = { _ in }
) throws -> SegmentLoad {
  try planned(builder, by: .segments, on: machine, change).segmentLoad()
}

extension LoadPlan {
  /// The load by kexec_load; the test fails when there is none.
  func segmentLoad() throws -> SegmentLoad {
    let load: SegmentLoad? = if case .segments(let load) = action { load } else { nil }
    return try #require(load, "the plan is not for kexec_load: \(reason)")
  }

  /// The load by kexec_file_load; the test fails when there is none.
  func fileLoad() throws -> FileLoad {
    let load: FileLoad? = if case .file(let load) = action { load } else { nil }
    return try #require(load, "the plan is not for kexec_file_load: \(reason)")
  }
}

func place(of role: PlannedSegment.Role, in load: SegmentLoad) throws -> PhysicalRange {
  try #require(load.segments.first { $0.role == role }).destination
}
