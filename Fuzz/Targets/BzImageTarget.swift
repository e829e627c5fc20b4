import KexecABI
import ByteCoding
import KernelImages
import KexecPlanning
import LinuxSystem
import PhysicalMemory
import RunningSystem
import TestSupport

@testable import KexecCommand

/// The bytes are a kernel file. If it opens, its load is planned by both system calls on a machine
/// that is always the same, and each plan is printed. If it is an ELF file, it is treated as the
/// unpacked payload of a kernel.
func fuzzBzImage(_ input: Input) -> Int32 {
  let bytes = SharedBytes(input.bytes)
  if let vmlinux = try? Vmlinux(bytes.span) { checkVmlinux(vmlinux, bytes) }
  let image: KernelImage
  do {
    image = try KernelImage.open(bytes, unpackedLimit: 1 << 20)
  } catch {
    _ = CommandError(error, path: "vmlinuz").text
    return 0
  }
  var request = LoadRequest(kernel: .init(path: "vmlinuz", bytes: bytes))
  request.initrds = [.init(path: "initrd", bytes: SharedBytes([UInt8](repeating: 7, count: 5000)))]
  request.options.commandLine = "root=/dev/vda1 quiet"
  request.randomSeed = [UInt8](repeating: 9, count: 32)
  request.randomNumbers = .init(virtual: 123_456_789, physical: 987_654_321)
  _ = routes(for: request, on: .small, image: image)
  planByBothCalls(request, image: image) { checkPlan($0, image: image, kernel: bytes) }
  return 0
}

private func checkPlan(_ plan: LoadPlan, image: KernelImage, kernel: SharedBytes) {
  guard case .segments(let load) = plan.action, case .bzImage(let image) = image else { return }
  let parts = load.segments.filter { $0.role == .kernel }
  guard let first = parts.first, let last = parts.last else { fatalError("no kernel") }
  let isPacked = plan.notes.contains { if case .ordinaryEntry = $0 { true } else { false } }
  expect(!isPacked || parts.count == 1, "a packed kernel is one segment")
  for (lower, upper) in zip(parts, parts.dropFirst()) {
    expect(lower.destination.end == upper.destination.start, "no gap in the kernel")
  }
  if let place = PhysicalRange(
    start: first.destination.start,
    byteCount: last.destination.end.value - first.destination.start.value)
  {
    expect(
      !image.isRelocatable || place.start.isAligned(to: image.alignment), "the kernel's alignment")
    expect(place.start.value >= image.preferredAddress, "not below the preferred address")
    expect(
      image.isRelocatable || place.start.value == image.preferredAddress,
      "a kernel that is not relocatable is where it wants to be")
    expect(
      image.extendedFlags.contains(.loadableAbove4GiB) || place.end.value <= 1 << 32,
      "the kernel is below 4 GiB when it must be")
    expect(!isPacked || place.byteCount >= image.initSize, "init_size")
    expect(
      image.isForBIOSOnly
        || parts.contains {
          load.kernelEntry >= $0.destination.start
            && load.kernelEntry.value - $0.destination.start.value < UInt64($0.bytes.count)
        }, "the kernel's entry is in its bytes")
  }
}

/// Moves the kernel to the highest virtual address that is allowed.
private func checkVmlinux(_ vmlinux: Vmlinux, _ bytes: SharedBytes) {
  let alignment: UInt64 = 2 << 20
  let slots = vmlinux.virtualSlots(alignment: alignment)
  guard slots > 0, var copy = try? OwnedBytes(zeros: bytes.count) else { return }
  for (offset, byte) in bytes.array.enumerated() { try? copy.store(byte, at: offset) }
  let shift = (slots - 1) * alignment
  expect(vmlinux.physicalEnd + shift <= 1 << 30, "the kernel stays below 1 GiB")
  do throws(VmlinuxError) {
    try vmlinux.relocate(&copy, by: shift)
  } catch {
    return
  }
  expect(copy.count == bytes.count, "moving a kernel changes no size")
}

/// Plans the load by each system call, and prints each plan, or why there is none.
func planByBothCalls(
  _ request: LoadRequest, on machine: Machine = .small, image: KernelImage,
  check: (LoadPlan) -> Void
) {
  for call in [LoadCall.segments, .file] {
    do throws(PlanningError) {
      let made = try plan(request, by: Route(call, .asked), on: machine, image: image)
      check(made)
      let report = PlanReport(plan: made)
      _ = report.text
      _ = report.json.text
    } catch {
      checkRefusal(error)
      _ = CommandError(error, request: request, machine: machine, after: nil).text
    }
  }
}

/// Checks that only one of the kernel's rules fails as late as this: how much RAM segments may
/// take.
func checkRefusal(_ error: PlanningError) {
  if case .invalid(let fault) = error {
    guard case .moreThanHalfOfRAM = fault else { fatalError("a faulty plan: \(fault)") }
  }
}

extension Machine {
  /// 1 GiB below 4 GiB and 8 GiB above, with holes. Its directory does not exist.
  static let small: Machine = {
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
    // A payload may claim 4 GiB; the fuzzer has less memory.
    machine.availableMemory = 256 << 20
    return machine
  }()
}
