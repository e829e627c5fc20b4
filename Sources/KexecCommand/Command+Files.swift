internal import ByteCoding
internal import KernelImages
internal import KexecPlanning
internal import LinuxSystem
internal import RunningSystem

extension Command {
  /// The user's files, opened.
  struct Files {
    let kernel: InputFile
    /// The contents of the kernel's file.
    let unpacked: KernelFile
    let image: KernelImage
    let initrds: [InputFile]
    let deviceTree: InputFile?
    /// The modules of a multiboot kernel, in order.
    let modules: [InputFile]

    /// All files, the kernel first.
    var all: [InputFile] { [kernel] + initrds + [deviceTree].compactMap { $0 } + modules }
  }

  /// How many bytes a compressed kernel may unpack to. The bound is the smallest of: half of the
  /// available memory, because the running kernel makes a copy; what control groups leave to this
  /// process; and what kexec_file_load takes.
  func unpackedLimit(_ memory: MemoryFacts) -> Int {
    min(
      KernelFile.sizeLimit,
      Int(clamping: min((memory.available ?? .max) / 2, (memory.process ?? .max) / 4 * 3)))
  }

  /// Opens the kernel at `path`, which may unpack to `limit` bytes, and the other files of the
  /// load.
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

  /// Opens the kernel at `path` and the other files. Permission to load is checked after that, so
  /// that a mistyped name gets its own message, not the one about permission.
  func openPermittedFiles(kernel path: String, limit: Int) throws(CommandError) -> Files {
    do throws(CommandError) {
      let files = try openFiles(kernel: path, limit: limit)
      if !invocation.isDryRun { try checkLoadPermission() }
      return files
    } catch {
      // If the user may not load at all, report that instead of the unreadable file.
      if error.code == .file(.errno(.accessDenied)), !invocation.isDryRun {
        try checkLoadPermission()
      }
      throw error
    }
  }

  private func checkLoadPermission() throws(CommandError) {
    try checkPermission(KexecState(in: machineFiles), purpose: invocation.options.purpose)
  }

  /// Opens a file. Of a file that must be copied into memory (a pipe), at most `limit` bytes are
  /// read.
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

  /// The initrd that the running kernel was booted with. Documented in
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

  /// The first word of a module's text: its path.
  private func modulePath(_ text: String) -> String {
    text.split(separator: " ").first.map(String.init) ?? text
  }

  /// The request: the options, the open files, random numbers and the time.
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
    // 53 bits, so that --seed can repeat the draw: programs read JSON's numbers as doubles.
    if let seed = invocation.options.seed ?? kernel.process.randomNumber().map({ $0 >> 11 }) {
      request.randomNumbers = .init(seed: seed)
    }
    request.stamps = TimeStamps(
      loaded: kernel.clocks.timeStampCounter(), wallClock: kernel.clocks.wallClock())
    request.randomSeed = kernel.process.randomBytes(32)
    return request
  }

  /// The configuration of the kernel in `image`, a file at `path`, from a file of the same release
  /// beside it or where distributions keep it. Nil if there is none.
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

  /// The files for kexec_file_load, which reads them itself. Where a file is loaded whole, it is
  /// the user's own, so that its signature and measurements count; otherwise a copy in memory, with
  /// the parts joined.
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
