internal import ByteCoding
internal import KernelImages
internal import KexecPlanning
internal import LinuxSystem
internal import RunningSystem

extension Command {
  /// The user's files, open.
  struct Files {
    let kernel: InputFile
    /// What the kernel's file holds.
    let unpacked: KernelFile
    let image: KernelImage
    let initrds: [InputFile]
    let deviceTree: InputFile?
    /// The modules of a multiboot kernel.
    let modules: [InputFile]

    /// All of them.
    var all: [InputFile] { [kernel] + initrds + [deviceTree].compactMap { $0 } + modules }
  }

  /// How many bytes a compressed kernel may unpack to: half of the memory that can be had, since the
  /// running kernel makes a copy of it, what control groups leave this process, and no more than
  /// kexec_file_load takes.
  func unpackedLimit(_ memory: MemoryFacts) -> Int {
    min(
      KernelFile.sizeLimit,
      Int(clamping: min((memory.available ?? .max) / 2, (memory.process ?? .max) / 4 * 3)))
  }

  /// Opens the kernel at `path`, which may unpack to `limit` bytes, and what goes with it.
  func openFiles(kernel path: String, limit: Int) throws(CommandError) -> Files {
    let options = invocation.options
    try checkStandardInput(
      [path, options.deviceTree].compactMap { $0 } + options.initrds
        + options.modules.map(modulePath))
    let kernel = try open(path, limit)
    let unpacked: KernelFile
    let image: KernelImage
    do throws(ImageError) {
      unpacked = try KernelFile(kernel.bytes, limit: limit)
      let rest = unpacked.packing == nil ? limit : limit - unpacked.bytes.count
      image = try KernelImage.open(
        unpacked.bytes, as: options.imageType, unpackedLimit: rest)
    } catch {
      throw CommandError(error, path: path)
    }
    var initrds = options.reusesInitrd ? [try retainedInitrd(limit)] : []
    for path in options.initrds {
      initrds.append(
        path == "none" ? try join([InitrdArchives.empty], path) : try open(path, limit))
    }
    let deviceTree = try options.deviceTree.map { path throws(CommandError) in
      try open(path, limit)
    }
    var modules: [InputFile] = []
    for text in options.modules { modules.append(try open(modulePath(text), limit)) }
    return Files(
      kernel: kernel, unpacked: unpacked, image: image, initrds: initrds, deviceTree: deviceTree,
      modules: modules)
  }

  /// Opens the kernel at `path` and what goes with it, and refuses what is not permitted only then: a slip
  /// of the fingers must not look like a policy.
  func openPermittedFiles(kernel path: String, limit: Int) throws(CommandError) -> Files {
    do throws(CommandError) {
      let files = try openFiles(kernel: path, limit: limit)
      if !invocation.isDryRun { try checkLoadPermission() }
      return files
    } catch {
      // Who may not load need not be told which files he may not read.
      if error.code == .file(.errno(.accessDenied)), !invocation.isDryRun {
        try checkLoadPermission()
      }
      throw error
    }
  }

  private func checkLoadPermission() throws(CommandError) {
    try checkPermission(KexecState(in: machineFiles), purpose: invocation.options.purpose)
  }

  /// Opens a file; of one that must be copied into memory, at most `limit` bytes.
  private func open(_ path: String, _ limit: Int) throws(CommandError) -> InputFile {
    do {
      return try InputFile(path: path, limit: limit) {
        warn("\(quoted(path)): waiting for data")
      }
    } catch {
      var said = CommandError(error)
      if error.reason == .errno(.noSuchFile) {
        let word = invocation.action == .load(kernel: path, then: .shutDown)
        said.advice =
          said.advice ?? (word ? adviceOnMissingCommand(path) : nil) ?? adviceOnMissingFile(path)
      }
      throw said
    }
  }

  private func checkStandardInput(_ paths: [String]) throws(CommandError) {
    guard paths.filter({ $0 == InputFile.standardInput }).count > 1 else { return }
    throw .usage("- is given twice: the standard input can be read only once")
  }

  private func join(_ parts: [SharedBytes], _ name: String) throws(CommandError) -> InputFile {
    do {
      return try InputFile(joining: parts, name: name, by: kernel.memoryFiles)
    } catch {
      throw CommandError(error)
    }
  }

  /// What the running kernel unpacked at boot. Documented in
  /// Documentation/admin-guide/kernel-parameters.txt, "retain_initrd".
  private func retainedInitrd(_ limit: Int) throws(CommandError) -> InputFile {
    do throws(CommandError) {
      return try open(machineFiles.root + "/sys/firmware/initrd", limit)
    } catch {
      var error = error
      error.advice = "--reuseinitrd needs retain_initrd on the running kernel's command line"
      throw error
    }
  }

  /// The first word of a module's text.
  private func modulePath(_ text: String) -> String {
    text.split(separator: " ").first.map(String.init) ?? text
  }

  /// What was asked for, with the open files, and with what chance and the clock add.
  func makeRequest(_ files: Files, on machine: Machine) -> LoadRequest {
    var request = LoadRequest(
      kernel: .init(
        path: files.kernel.path, bytes: files.unpacked.bytes,
        origin: files.unpacked.packing.map(LoadRequest.File.Origin.unpacked)
          ?? files.kernel.origin),
      options: invocation.options)
    request.initrds = files.initrds.map {
      .init(path: $0.path, bytes: $0.bytes, origin: $0.origin)
    }
    if !request.initrds.isEmpty || machine.handover != nil {
      request.kernelConfiguration = configuration(of: files.image, at: files.kernel.path)
    }
    request.deviceTree = files.deviceTree.map { .init(path: $0.path, bytes: $0.bytes) }
    request.modules = zip(files.modules, invocation.options.modules).map { file, text in
      .init(file: .init(path: file.path, bytes: file.bytes), text: text)
    }
    // So that --seed can repeat the draw: 53 bits, since programs read JSON's numbers as doubles.
    if let seed = invocation.options.seed ?? kernel.process.randomNumber().map({ $0 >> 11 }) {
      request.randomNumbers = .init(seed: seed)
    }
    request.stamps = TimeStamps(
      loaded: kernel.clocks.timeStampCounter(), wallClock: kernel.clocks.wallClock())
    request.randomSeed = kernel.process.randomBytes(32)
    return request
  }

  /// How the kernel of `image`, a file at `path`, was configured, if a file of its release says so:
  /// beside it, or where distributions have it.
  private func configuration(of image: KernelImage, at path: String) -> KernelConfiguration? {
    guard let release = image.kernelRelease else { return nil }
    let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let places =
      [(FileTree(root: directory), "/config-\(release)")]
      + RunningConfiguration.paths(of: release).map { (machineFiles, $0) }
    for (files, path) in places {
      if let text = try? files.read(path, atMost: .mebibytes(4)),
        let found = KernelConfiguration(text, path: files.root + path)
      {
        return found
      }
    }
    return nil
  }

  /// The files for a call that reads them itself: the user's own where they are loaded whole, so
  /// that what is known of them (signatures, measurements) counts; else joined in memory.
  func callFiles(
    for plan: LoadPlan, _ files: Files
  ) throws(CommandError) -> (kernel: InputFile, initrd: InputFile?) {
    guard case .file = plan.action else { return (files.kernel, nil) }
    let kernel = plan.request.kernel
    let kernelFile = kernel.origin != .file ? try join([kernel.bytes], "kernel") : files.kernel
    let initrds = plan.request.initrds
    guard let first = initrds.first else { return (kernelFile, nil) }
    if initrds.count == 1, first.origin == .file { return (kernelFile, files.initrds.first) }
    return (kernelFile, try join(InitrdArchives.row(of: initrds.map { $0.bytes }), "initrd"))
  }
}

extension InputFile {
  /// Where its bytes come from.
  fileprivate var origin: LoadRequest.File.Origin { isRegular ? .file : .copy }
}
