import ByteCoding
import KernelImages
import KexecPlanning
import LinuxSystem
import PhysicalMemory
import RunningSystem

@testable import KexecCommand

/// The bytes are a kernel file. When it opens, its load is planned by both calls on a machine that
/// never changes, and each plan is printed.
func fuzzBzImage(_ input: Input) -> Int32 {
  let bytes = SharedBytes(input.bytes)
  let image: KernelImage
  do {
    image = try KernelImage.open(bytes)
  } catch {
    _ = CommandError(error, path: "vmlinuz").text
    return 0
  }
  var request = LoadRequest(kernel: .init(path: "vmlinuz", bytes: bytes))
  request.initrds = [.init(path: "initrd", bytes: SharedBytes([UInt8](repeating: 7, count: 5000)))]
  request.commandLine = "root=/dev/vda1 quiet"
  request.randomSeed = [UInt8](repeating: 9, count: 32)
  let machine = Machine.small
  _ = routes(for: request, on: machine, image: image)
  for call in [Route.Call.segments, .file] {
    do throws(PlanningError) {
      let made = try plan(request, by: Route(call, .asked), on: machine, image: image)
      checkPlan(made, image: image, kernel: bytes)
      let report = PlanReport(plan: made, request: request)
      _ = report.text
      _ = report.json.text
    } catch {
      checkRefusal(error)
    }
  }
  return 0
}

private func checkPlan(_ plan: LoadPlan, image: KernelImage, kernel: SharedBytes) {
  guard case .segments(let load) = plan.action, case .bzImage(let image) = image else { return }
  for segment in load.segments where segment.role == .kernel {
    let place = segment.destination
    expect(place.start.isAligned(to: image.alignment), "the kernel's alignment")
    expect(place.start.value >= image.preferredAddress, "not below the preferred address")
    expect(
      image.isRelocatable || place.start.value == image.preferredAddress,
      "a kernel that is not relocatable is where it wants to be")
    expect(
      image.extendedFlags.contains(.loadableAbove4GiB) || place.end.value <= 1 << 32,
      "the kernel is below 4 GiB when it must be")
    expect(place.byteCount >= image.initSize, "init_size")
    expect(
      load.kernelEntry.value - place.start.value < UInt64(segment.bytes.count),
      "the kernel's entry is in its bytes")
  }
}

/// Only one rule of the kernel may show up that late: how much RAM segments may take.
private func checkRefusal(_ error: PlanningError) {
  if case .invalid(let fault) = error {
    guard case .moreThanHalfOfRAM = fault else { fatalError("a faulty plan: \(fault)") }
  }
}

extension Machine {
  /// 1 GiB below 4 GiB and 8 GiB above, with holes, from a folder that does not exist.
  fileprivate static let small: Machine = {
    var machine = Machine.read(FileTree(root: "/nonexistent"))
    machine.ioMemory = IOMemory(
      text: """
        00001000-0009fbff : System RAM
        0009fc00-000fffff : Reserved
        00100000-3fffffff : System RAM
          02000000-02dfffff : Kernel code
          20000000-27ffffff : Crash kernel
        40000000-fec00fff : Reserved
        100000000-2ffffffff : System RAM
        """)
    machine.bootParameters = [UInt8](repeating: 0, count: 4096)
    return machine
  }()
}
