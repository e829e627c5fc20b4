internal import KernelImages

extension LoadRequest {
  /// The same request for the kernel inside `image`, with what else the image holds. What the user
  /// gives takes the place of what is in the image; its microcode stays, in front of any initrd.
  func taking(_ image: UnifiedKernelImage) -> LoadRequest {
    var request = self
    func file(_ kind: UnifiedKernelImage.Kind) -> File? {
      image.section(kind).map {
        File(path: "\(kernel.path), section \(kind.rawValue)", bytes: $0, isPart: true)
      }
    }
    request.unifiedImage = image
    request.kernel = File(
      path: kernel.path, bytes: image.kernelFile, isPart: true, packing: image.packing)
    if !hasInitrdOfItsOwn, let initrd = file(.initrd) { request.initrds.insert(initrd, at: 0) }
    if deviceTree == nil { request.deviceTree = file(.deviceTree) }
    if let microcode = file(.microcode) { request.initrds.insert(microcode, at: 0) }
    return request
  }

  /// Whether the user has given an initrd. What is made up to be put behind one is none.
  private var hasInitrdOfItsOwn: Bool { initrds.contains { !$0.isPart } }

  /// What became of the parts of the unified image, as seen from the user's own `request`.
  func unifiedNotes(by call: Route.Call, from request: LoadRequest) -> [PlanNote] {
    guard let image = unifiedImage else { return [] }
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
      commandLine != nil ? "--command-line" : reusesCommandLine ? "--reuse-cmdline" : nil
    tell(.commandLine, replacedBy: base)
    tell(.microcode, replacedBy: nil)
    tell(.initrd, replacedBy: request.hasInitrdOfItsOwn ? "--initrd" : nil)
    // What only our own segments can carry has a note of its own.
    if call == .segments {
      tell(.deviceTree, replacedBy: request.deviceTree == nil ? nil : "--dtb")
    }
    if !used.isEmpty { notes.insert(.sectionsUsed(used), at: 0) }
    if image.profileCount > 1 { notes.append(.firstProfile(of: image.profileCount)) }
    if call == .file, image.isSigned { notes.append(.signatureOfPart) }
    return notes
  }
}
