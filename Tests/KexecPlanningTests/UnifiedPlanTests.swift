import KexecABI
import ByteCoding
import Compression
import KernelImages
import PhysicalMemory
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

private typealias Section = UnifiedImageBuilder.Section

@Suite struct UnifiedPlanTests {
  private static let kernel = BzImageBuilder().bytes
  private static let image = UnifiedImageBuilder([
    Section(".cmdline", "root=image crashkernel=1M"), Section(".linux", kernel),
    Section(".initrd", "initrd of the image"), Section(".ucode", "microcode"),
  ])

  private func planned(
    by call: LoadCall = .segments, _ builder: UnifiedImageBuilder = image,
    _ change: (inout LoadRequest) -> Void = { _ in }
  ) throws -> LoadPlan {
    var request = LoadRequest(kernel: .init(path: "k.efi", bytes: builder.file))
    request.options.isFast = false
    change(&request)
    let machine = TemporaryTree([
      "/proc/iomem": "00100000-7fffffff : System RAM\n", "/proc/cmdline": "root=running quiet\n",
    ]).machine
    return try plan(
      request, by: Route(call, .asked), on: machine, image: KernelImage.open(request.kernel.bytes))
  }

  private func texts(_ files: [LoadRequest.File]) -> [String] {
    files.map { String(decoding: $0.bytes.array, as: UTF8.self) }
  }

  @Test(
    "A unified image supplies its kernel, command line, microcode and initrd to either system call",
    arguments: [LoadCall.segments, .file])
  func loadsSectionsOfUnifiedImage(call: LoadCall) throws {
    let plan = try planned(by: call)
    #expect(plan.commandLine == "root=image crashkernel=1M")
    #expect(texts(plan.request.initrds) == ["microcode", "initrd of the image"])
    #expect(plan.request.kernel.bytes.array == Self.kernel)
    #expect(plan.request.kernel.origin == .section(.kernel))
    #expect(plan.request.initrds.map(\.origin) == [.section(.microcode), .section(.initrd)])
    #expect(plan.notes.contains(.sectionsUsed([.commandLine, .microcode, .initrd])))
    #expect(plan.kernelVersion?.hasPrefix("6.1.0-56-cloud-amd64") == true)
  }

  @Test(
    "A compressed kernel in a unified image is unpacked before it is loaded",
    arguments: [LoadCall.segments, .file])
  func aCompressedKernelIsLoadedUnpacked(call: LoadCall) throws {
    let packed = UnifiedImageBuilder([Section(".linux", storedGzip(Self.kernel))])
    let plan = try planned(by: call, packed)
    #expect(
      plan.request.kernel.bytes.array == Self.kernel
        && plan.request.kernel.origin == .unpacked(.gzip))
    #expect(plan.notes.contains(.fileUnpacked(.kernel, format: "gzip")))
  }

  @Test("The microcode segment ends where the initrd segment of the unified image starts")
  func theMicrocodeLiesBelowTheInitrd() throws {
    guard case .segments(let load) = try planned().action else {
      Issue.record("no segments")
      return
    }
    let initrds = load.segments.filter { [.initrd(0), .initrd(1)].contains($0.role) }
    #expect(initrds.map(\.role) == [.initrd(0), .initrd(1)])
    #expect(initrds[0].bytes.array == Array("microcode".utf8))
    #expect(initrds[0].destination.end == initrds[1].destination.start)
  }

  @Test("The user's command line and initrd replace those of the unified image")
  func userOptionsReplaceSections() throws {
    let plan = try planned {
      $0.options.commandLine = "mine"
      $0.options.appended = ["more"]
      $0.initrds = [.init(path: "i", bytes: SharedBytes(Array("my initrd".utf8)))]
    }
    #expect(plan.commandLine == "mine more")
    #expect(texts(plan.request.initrds) == ["microcode", "my initrd"])
    #expect(plan.notes.contains(.sectionReplaced(.commandLine, by: "--command-line")))
    #expect(plan.notes.contains(.sectionReplaced(.initrd, by: "--initrd")))
    #expect(plan.notes.contains(.sectionsUsed([.microcode])))
  }

  /// The archive that `--preserve=modules` adds must not replace the image's initrd.
  @Test("A generated archive is placed after the initrd of the unified image")
  func generatedArchiveFollowsImageInitrd() throws {
    let list = LoadRequest.File(
      path: "(list)", bytes: SharedBytes(Array("list".utf8)), origin: .generated)
    let plan = try planned { $0.initrds = [list] }
    #expect(texts(plan.request.initrds) == ["microcode", "initrd of the image", "list"])
    #expect(plan.notes.contains(.sectionsUsed([.commandLine, .microcode, .initrd])))
  }

  @Test("--reuse-cmdline replaces the command line of the unified image")
  func reuseCmdlineReplacesImageLine() throws {
    let plan = try planned {
      $0.options.reusesCommandLine = true
      $0.options.appended = ["more"]
    }
    #expect(plan.commandLine == "root=running quiet more")
    #expect(plan.notes.contains(.sectionReplaced(.commandLine, by: "--reuse-cmdline")))
  }

  @Test("--append adds parameters to the command line of the unified image")
  func appendsToImageCommandLine() throws {
    #expect(
      try planned { $0.options.appended = ["more"] }.commandLine == "root=image crashkernel=1M more"
    )
  }

  @Test("A unified image with only a kernel loads without an initrd and with an empty command line")
  func loadsImageWithKernelOnly() throws {
    let plan = try planned(by: .file, UnifiedImageBuilder([Section(".linux", Self.kernel)]))
    #expect(plan.commandLine.isEmpty && plan.request.initrds.isEmpty)
    guard case .file(let load) = plan.action else {
      Issue.record("no file call")
      return
    }
    #expect(load.flags == FileFlags.noInitramfs)
  }

  @Test("The plan notes several profiles, and the image's signature only for kexec_file_load")
  func notesSignatureAndProfiles() throws {
    var builder = Self.image
    builder.isSigned = true
    builder.sections += [Section(".profile", "ID=a"), Section(".profile", "ID=b")]
    let notes = try planned(by: .file, builder).notes
    #expect(notes.contains(.signatureOfPart))
    #expect(notes.contains(.firstProfile(of: 2)))
    #expect(try !planned(by: .segments, builder).notes.contains(.signatureOfPart))
  }

  /// A crash kernel that reserved memory for another crash kernel would have none left.
  @Test("A crash kernel gets the unified image's command line without crashkernel=")
  func crashKernelDropsCrashkernelParameter() throws {
    var request = LoadRequest(kernel: .init(path: "k.efi", bytes: Self.image.file))
    request.options.purpose = .crash
    guard case .unified(let image) = try KernelImage.open(request.kernel.bytes) else {
      Issue.record("not unified")
      return
    }
    #expect(request.taking(image).finalCommandLine(on: TemporaryTree([:]).machine) == "root=image")
  }

  /// The routes are those of the kernel inside the image.
  @Test("A unified image is loaded by the same system calls as the kernel inside it")
  func usesRoutesOfInnerKernel() throws {
    var request = LoadRequest(kernel: .init(path: "k.efi", bytes: Self.image.file))
    let machine = TemporaryTree([:]).machine
    let image = try KernelImage.open(request.kernel.bytes)
    #expect(
      routes(for: request, on: machine, image: image).map(\.call) == [.file, .segments])
    request.options.appended = [String(repeating: "w", count: 2010)]
    #expect(routes(for: request, on: machine, image: image).map(\.call) == [.segments])
  }
}
