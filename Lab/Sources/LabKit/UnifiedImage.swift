import Foundation

/// A unified kernel image that the lab makes with the usual tools.
public struct UnifiedImage: Sendable {
  /// The program that makes it.
  public enum Maker: String, CaseIterable, Sendable {
    /// systemd's program.
    case ukify
    /// objcopy of binutils, as was usual before ukify existed.
    case objcopy
  }

  /// The kernel in its `.linux`.
  public var kernel: Kernel
  /// The program that makes it.
  public var maker: Maker
  /// The other sections, by name.
  public var sections: [String: [UInt8]]
  /// Whether `sbsign` signs it, with a key that nobody trusts.
  public var isSigned: Bool

  /// An image of `kernel` with these sections.
  public init(
    _ kernel: Kernel, by maker: Maker, sections: [String: [UInt8]] = [:], isSigned: Bool = false
  ) {
    self.kernel = kernel
    self.maker = maker
    self.sections = sections
    self.isSigned = isSigned
  }
}

extension Lab {
  /// The bytes of `image`. Its kernel is `file` if that is given.
  public func make(_ image: UnifiedImage, of file: [UInt8]? = nil) throws -> [UInt8] {
    let files = FileManager.default
    let directory = "\(workshop.scratch)/uki-\(UUID().uuidString)"
    try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? files.removeItem(atPath: directory) }
    var parts: [(section: String, path: String)] = []
    for (name, bytes) in image.sections.sorted(by: { $0.key < $1.key }) {
      let path = directory + "/" + name.dropFirst()
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      parts.append((name, path))
    }
    var kernel = directory + "/vmlinuz"
    if let file {
      try Data(file).write(to: URL(fileURLWithPath: kernel))
    } else {
      kernel = try image.kernel.file(in: workshop)
    }
    let stub = workshop.uki + "/usr/lib/systemd/boot/efi/linuxx64.efi.stub"
    var result = directory + "/uki.efi"
    switch image.maker {
    case .ukify:
      try Self.run(
        ["python3", workshop.uki + "/usr/bin/ukify", "build", "--linux", kernel, "--stub", stub]
          + parts.flatMap(Self.ukifyWords)
          + ["--output", result])
    case .objcopy:
      try Self.run(
        ["objcopy"] + (try additions(parts + [(".linux", kernel)], to: stub)) + [stub, result])
    }
    if image.isSigned {
      let key = workshop.uki + "/key.pem"
      let certificate = workshop.uki + "/certificate.pem"
      try Self.run(
        ["sbsign", "--key", key, "--cert", certificate, "--output", result + ".signed", result])
      result += ".signed"
    }
    return try contents(of: result)
  }

  /// ukify's option for a section. It takes the name of a file, or a text.
  private static func ukifyWords(_ part: (section: String, path: String)) -> [String] {
    switch part.section {
    case ".initrd": ["--initrd", part.path]
    case ".ucode": ["--microcode", part.path]
    case ".dtb": ["--devicetree", part.path]
    case ".cmdline": ["--cmdline", "@\(part.path)"]
    case ".osrel": ["--os-release", "@\(part.path)"]
    case ".uname": ["--uname", (try? String(contentsOfFile: part.path, encoding: .utf8)) ?? ""]
    case ".profile": ["--profile", "@\(part.path)"]
    default: ["--section", "\(part.section):@\(part.path)"]
    }
  }

  /// The arguments that add every section after those of the stub, in its address space, at the
  /// start of a page.
  private func additions(
    _ parts: [(section: String, path: String)], to stub: String
  ) throws -> [String] {
    let bytes = try contents(of: stub)
    let header = bytes[0x3C..<0x40].reversed().reduce(0) { $0 << 8 | Int($1) } + 24
    let base = bytes[(header + 24)..<(header + 32)].reversed().reduce(0) { $0 << 8 | Int($1) }
    var address = base + 1 << 20
    var words: [String] = []
    for part in parts {
      words += ["--add-section", "\(part.section)=\(part.path)"]
      words += ["--change-section-vma", "\(part.section)=\(address)"]
      address += (try contents(of: part.path).count + 0x1FFF) & ~0xFFF
    }
    return words
  }

  static func run(_ command: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["PATH=/usr/bin:/bin"] + command
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure("\(command[0]) failed: \(said.shortened): run script/bootstrap")
    }
  }
}
