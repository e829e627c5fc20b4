internal import KexecABI
internal import KernelImages

extension LoadRequest {
  /// The same request for the kernel inside `image`, with the other parts of the image. What the user gives
  /// replaces what is in the image; its microcode stays, in front of any initrd.
  func taking(_ image: UnifiedKernelImage) -> LoadRequest {
    var request = self
    func file(_ kind: UnifiedKernelImage.Kind) -> File? {
      image.section(kind).map {
        File(path: "\(kernel.path), section \(kind.rawValue)", bytes: $0, origin: .section(kind))
      }
    }
    request.unifiedImage = image
    request.kernel = File(
      path: kernel.path, bytes: image.kernelFile,
      origin: image.packing.map(File.Origin.unpacked) ?? .section(.kernel))
    if !hasInitrdOfItsOwn, let initrd = file(.initrd) { request.initrds.insert(initrd, at: 0) }
    if deviceTree == nil { request.deviceTree = file(.deviceTree) }
    if let microcode = file(.microcode) { request.initrds.insert(microcode, at: 0) }
    return request
  }

  /// Whether the user has given an initrd. Archives that this program appends to one do not count.
  private var hasInitrdOfItsOwn: Bool { initrds.contains { $0.origin != .generated } }

  /// Notes on how the parts of the unified image are used. This is the user's own request.
  func notes(on image: UnifiedKernelImage, by call: LoadCall) -> [PlanNote] {
    let isInRealMode = options.entry == .realMode || image.kernel.isForBIOSOnly
    var used: [UnifiedKernelImage.Kind] = []
    var notes: [PlanNote] = []
    func tell(_ kind: UnifiedKernelImage.Kind, replacedBy option: String?) {
      guard image.section(kind) != nil else { return }
      if let option {
        notes.append(.sectionReplaced(kind, by: option))
      } else {
        used.append(kind)
      }
    }
    let base =
      options.commandLine != nil
      ? "--command-line" : options.reusesCommandLine ? "--reuse-cmdline" : nil
    tell(.commandLine, replacedBy: base)
    tell(.microcode, replacedBy: nil)
    tell(.initrd, replacedBy: hasInitrdOfItsOwn ? "--initrd" : nil)
    // A real-mode load has a note of its own.
    if call == .segments, isInRealMode, image.section(.deviceTree) != nil {
      notes.append(.notInRealMode(.deviceTree))
    } else if call == .segments {
      tell(.deviceTree, replacedBy: deviceTree == nil ? nil : "--dtb")
    }
    if !used.isEmpty { notes.insert(.sectionsUsed(used), at: 0) }
    if image.profileCount > 1 { notes.append(.firstProfile(of: image.profileCount)) }
    if call == .file, image.isSigned { notes.append(.signatureOfPart) }
    return notes
  }
}
