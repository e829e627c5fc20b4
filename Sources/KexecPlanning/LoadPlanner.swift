package import KernelImages
package import RunningSystem
internal import ByteCoding
internal import Compression

/// Plans the load of one image for one request on one machine: which system calls may be used, and exactly
/// what each of them gets.
///
/// It is a class because it is large: code that copies a struct of this size is large too, and so are stack
/// frames that hold one.
package final class LoadPlanner: Sendable {
  /// The user's own request.
  private let given: LoadRequest
  /// The request with what the planner adds: the parts of a unified image, and the archive for
  /// `--preserve=modules`.
  let request: LoadRequest
  /// The kernel's image; for a unified image it is the kernel inside.
  let image: KernelImage
  let machine: Machine
  /// The command line, except for parameters that depend on the space left for them or on addresses.
  let commandLine: String
  /// The part of it for early output; nil when the user did not ask for that.
  let earlyOutput: EarlyOutput?

  /// Prepares `request` for planning.
  ///
  /// - Throws: `PlanningError.xen`, `PlanningError.serialPort`, `PlanningError.contradiction`,
  ///   `PlanningError.noEarlyPort`, `PlanningError.earlyPortUnknown`, `PlanningError.handoverLost`.
  package init(
    _ request: LoadRequest, image: KernelImage, on machine: Machine
  ) throws(PlanningError) {
    // These come first because they can fail.
    if let domain = machine.xenDomain { throw .xen(domain) }
    let console = try PurgatoryConsole(request.options, on: machine)
    if let (first, second) = request.contradiction { throw .contradiction(first, second) }
    given = request
    self.machine = machine
    var request = request
    request.console = console
    // Without an initrd nothing would read the archive.
    if !request.initrds.isEmpty || image.holdsInitrd,
      let archive = machine.modules.flatMap({ PreservedModules($0).archive })
    {
      request.initrds.append(
        .init(
          path: "(list of modules)", bytes: SharedBytes(archive), origin: .generated))
    }
    if case .unified(let unified) = image {
      self.request = request.taking(unified)
      self.image = unified.kernel
    } else {
      self.request = request
      self.image = image
    }
    let line = self.request.finalCommandLine(on: machine)
    earlyOutput =
      request.options.hasEarlyOutput && self.image.knowsWordsOfLinux(self.request)
      ? try EarlyOutput(beside: KernelCommandLine(line), request.options, on: machine) : nil
    commandLine = ((earlyOutput?.words ?? []) + [line]).filter { !$0.isEmpty }.joined(
      separator: " ")
    try checkHandover()
  }

  /// The same as `planner`, but nothing is unpacked.
  private init(thrifty planner: LoadPlanner) {
    given = planner.given
    var request = planner.request
    request.options.isFast = false
    self.request = request
    (image, machine) = (planner.image, planner.machine)
    (commandLine, earlyOutput) = (planner.commandLine, planner.earlyOutput)
  }

  /// The same planner, but its plans take as little memory as possible: nothing is unpacked.
  package var thrifty: LoadPlanner { LoadPlanner(thrifty: self) }

  /// Plans the load by `route`: every byte and every address. `inspection` holds what an earlier plan has
  /// found in the initrds, and is set to what this one finds.
  package func plan(
    by route: Route, inspection: inout InitrdInspection?
  ) throws(PlanningError) -> LoadPlan {
    var made: LoadPlan
    switch image {
    case .bzImage(let image):
      made = try plan(by: route, bzImage: image, inspection: &inspection)
    case .elf, .multiboot: made = try planOther(by: route, inspection: &inspection)
    // No unified image holds another.
    case .unified: throw .notByFileCall(image.type)
    }
    made.isLinux = image.knowsWordsOfLinux(request)
    if let unified = request.unifiedImage {
      if case .unpacked(let format) = request.kernel.origin {
        made.notes.insert(.fileUnpacked(.kernel, format: format.name), at: 0)
      }
      made.notes = given.notes(on: unified, by: route.call) + made.notes
    }
    if case .unpacked(let format) = given.kernel.origin {
      made.notes.insert(.fileUnpacked(nil, format: format.name), at: 0)
    }
    if let earlyOutput {
      made.notes.append(.earlyOutput(added: earlyOutput.words, given: earlyOutput.given))
    }
    made.notes += request.notesOnGivenWords + machine.mapNotes + handoverNotes(by: route.call)
    made.crashRegionUse = CrashRegionUse(of: made, on: machine)
    if let use = made.crashRegionUse, use.left < use.wanted {
      made.notes.append(.littleCrashMemory(use))
    }
    return made
  }
}

extension LoadOptions {
  /// The optional facts of a machine that a load of `image` with these options needs.
  package func neededFacts(for image: KernelImage) -> Machine.OptionalFacts {
    var facts: Machine.OptionalFacts = []
    if reusesConsole || hasEarlyOutput { facts.insert(.terminals) }
    if hasEarlyOutput { facts.insert(.serialPorts) }
    if preservesModules { facts.insert(.modules) }
    if purpose == .crash { facts.insert(.crash) }
    if image.type == .multiboot2 { facts.insert(.rsdp) }
    return facts
  }
}
