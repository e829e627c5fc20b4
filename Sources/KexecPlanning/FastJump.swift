internal import ByteCoding
package import Compression
package import KernelImages
internal import PhysicalMemory
internal import RunningSystem

// The fast jump: the kernel is unpacked and moved to a random address now, while the running one still
// serves, instead of by the new kernel's decompressor while nobody serves.

extension KernelLayout {
  /// The kernel in `image` unpacked, with KASLR done, or why it must unpack itself.
  ///
  /// - Throws: a reason not to; the caller goes on with the packed kernel.
  static func unpack(
    _ image: BzImage, by entry: LinuxEntry, request: LoadRequest, machine: Machine,
    commandLine: KernelCommandLine
  ) throws(OrdinaryEntryReason) -> (KernelLayout, [PlanNote]) {
    guard request.options.isFast else { throw .switchedOff }
    guard entry == .long else {
      let isAsked = request.options.entry == .protected32
      throw isAsked || image.copesWithPaging(of: machine) ? .otherEntry : .fiveLevelPaging
    }
    try checkMachine(machine, commandLine: commandLine)
    guard let payload = image.payload else { throw .noPayload }
    guard request.randomNumbers != nil || !request.randomises(commandLine) else {
      throw .noRandomNumbers
    }
    guard let format = CompressionFormat.recognise(payload.bytes.span) else {
      throw .unknownCompression
    }
    try checkMemory(machine, request: request, image: image, unpackedSize: payload.unpackedSize)

    var file: OwnedBytes
    do {
      file = try decompressMutable(
        payload.bytes, as: format, limit: payload.unpackedSize,
        expectedSize: payload.unpackedSize
      ).take()
    } catch {
      // If it unpacks to more than the image says, the image is wrong.
      if case .tooLarge = error { throw .badPayload(format.name) }
      throw error.isDamage ? .badPayload(format.name) : .cannotUnpack(error)
    }
    payload.bytes.evict()
    guard file.count == payload.unpackedSize else { throw .badPayload(format.name) }

    do throws(VmlinuxError) {
      let vmlinux = try Vmlinux(file.span)
      try check(vmlinux, of: image)
      let move = randomMove(vmlinux, image: image, request: request, commandLine: commandLine)
      if let shift = move.shift { try vmlinux.relocate(&file, by: shift) }
      let bytes = file.freeze()
      guard var segment = try? KernelLayout(unpacked: vmlinux, file: bytes, of: image) else {
        throw VmlinuxError.truncated
      }
      if !request.initrds.isEmpty, request.kernelConfiguration == nil {
        segment.configuration = KernelConfiguration(inside: bytes)
      }
      segment.randomPlace = move.place
      segment.virtualShift = move.shift
      return (segment, [.unpacked(format: format.name)] + move.notes)
    } catch {
      throw .notUnderstood(error)
    }
  }

  /// Refuses a machine on which the skipped decompressor would do something that this program does not.
  private static func checkMachine(
    _ machine: Machine, commandLine: KernelCommandLine
  ) throws(OrdinaryEntryReason) {
    // A kernel that does not support 5 levels is never entered in 64-bit mode.
    if machine.usesFiveLevelPaging, commandLine.value(of: "no5lvl") != nil {
      throw .fiveLevelPaging
    }
    if machine.mayHaveEncryptedMemory { throw .encryptedMemory }
    if machine.hasUnacceptedMemory { throw .unacceptedMemory }
  }

  /// Checks the free memory: the unpacked kernel is in the memory of this process and in the running kernel's
  /// copy at the same time.
  private static func checkMemory(
    _ machine: Machine, request: LoadRequest, image: BzImage, unpackedSize: Int
  ) throws(OrdinaryEntryReason) {
    // Control groups count the memory of this process, but not what the running kernel takes for the image.
    let own = UInt64(unpackedSize) + .mebibytes(16)
    if let available = machine.processMemory, own > available {
      throw .littleMemory(needed: own, available: available)
    }
    guard let available = machine.availableMemory else { return }
    let needed = own + image.initSize + request.initrdByteCount
    guard needed <= available else { throw .littleMemory(needed: needed, available: available) }
  }

  /// The kernel checks that it was shifted by a multiple of 2 MiB, and stops if not; so it must be linked at
  /// an aligned address. Its own headers tell how large it is, whatever init_size says.
  private static func check(_ vmlinux: Vmlinux, of image: BzImage) throws(VmlinuxError) {
    guard vmlinux.physicalStart % image.alignment == 0, image.alignment >= .mebibytes(2) else {
      throw .otherWindow
    }
  }

  private static func randomMove(
    _ vmlinux: Vmlinux, image: BzImage, request: LoadRequest, commandLine: KernelCommandLine
  ) -> (shift: UInt64?, place: UInt64?, notes: [PlanNote]) {
    guard request.randomises(commandLine) else { return (nil, nil, []) }
    guard image.isRelocatable, let numbers = request.randomNumbers else {
      return (nil, nil, [.noRandomAddress])
    }
    let slots = vmlinux.virtualSlots(alignment: image.alignment)
    guard vmlinux.relocationTable != nil, slots > 0 else {
      return (nil, numbers.physical, [.noRandomAddress])
    }
    return (numbers.virtual % slots * image.alignment, numbers.physical, [])
  }
}

/// Why a kernel is loaded packed, to unpack itself after the jump.
package enum OrdinaryEntryReason: Error, Equatable, Sendable {
  /// `--no-fast`.
  case switchedOff
  /// It is not entered in 64-bit mode, but the unpacked kernel can be entered only there.
  case otherEntry
  /// It is entered in real mode.
  case realMode
  /// It can be entered only in real mode.
  case realModeOnly
  /// The running kernel has no random numbers yet, and the next one's decompressor may find some.
  case noRandomNumbers
  /// The image does not say where its payload is: a kernel before 2.08.
  case noPayload
  /// The payload has no known magic number.
  case unknownCompression
  /// The payload does not unpack to what the image says.
  case badPayload(String)
  /// Unpacking the payload takes more than is available: memory, a larger window, a filter.
  case cannotUnpack(CompressionError)
  /// What it unpacks to is not a kernel that can be entered directly.
  case notUnderstood(VmlinuxError)
  /// The number of page table levels may have to change before the kernel starts.
  case fiveLevelPaging
  /// A guest with encrypted memory: SEV or TDX, or a host with SME.
  case encryptedMemory
  /// A guest that must accept its memory before it may use it.
  case unacceptedMemory
  /// There is not enough free memory to unpack it now. Both in bytes.
  case littleMemory(needed: UInt64, available: UInt64)
}
