import KexecABI
import Compression
import KernelImages
import TestSupport
import Testing

@testable import KexecCommand

/// A type of kernel file. The built program recognises it by its contents and by its name,
/// uncompressed and compressed as a whole by each of the seven formats.
struct ImageRow: Sendable, CustomTestStringConvertible {
  let type: ImageType
  let file: [UInt8]
  /// The image's name in the plan.
  let description: String

  /// The row's name in Tests/Fixtures/rows.txt.
  var name: String { "type " + type.rawValue }
  var testDescription: String { name }

  init(_ type: ImageType, _ file: [UInt8], _ description: String? = nil) {
    self.type = type
    self.file = file
    self.description = description ?? type.rawValue
  }

  static let all: [ImageRow] = [
    .init(
      .multiboot2, ELFBuilder(is64Bit: true).bytes(head: MultibootBuilder.header2())),
    .init(
      .multiboot, ELFBuilder(is64Bit: false).bytes(head: MultibootBuilder.header1(flags: 3))),
    .init(
      .elf64,
      ELFBuilder(is64Bit: true) {
        ($0.parts[0].physical, $0.entry) = (0x100_0000, 0x100_0000)
        $0.parts.append(ELFBuilder.linuxNote)
      }.bytes()),
    .init(.elf32, ELFBuilder(is64Bit: false) { $0.parts.append(ELFBuilder.linuxNote) }.bytes()),
    .init(.bzImage64, BzImageBuilder().bytes, "bzImage64, boot protocol 2.15"),
    .init(.bzImage, BzImageBuilder { $0.xloadflags = 0 }.bytes, "bzImage, boot protocol 2.15"),
    .init(
      .uki,
      UnifiedImageBuilder([
        .init(".cmdline", "quiet"), .init(".linux", BzImageBuilder().bytes),
      ]).bytes, "bzImage64, boot protocol 2.15"),
  ]

  /// Types that are known only by name, and the beginning of their files.
  static let refused: [(type: ImageType, start: [UInt8])] = [
    (.nbi, [0x36, 0x13, 0x03, 0x1B]), (.beoboot, Array("BeoB".utf8)),
  ]

  /// The formats by which a kernel file may be compressed.
  static let packings = CompressionFormat.allCases

  static let names =
    all.map(\.name) + refused.map { "type " + $0.type.rawValue }
    + packings.map { "packed by " + $0.name }
}

@Suite struct ImageRowsTests {
  /// A machine with RAM, and `file` in its root as `path`, perhaps compressed.
  private func machine(_ path: String, _ file: [UInt8]) -> TemporaryTree {
    TemporaryTree(bytes: [
      "/proc/iomem": Array("00100000-5ffdffff : System RAM\n".utf8), "/" + path: file,
    ])
  }

  private func pack(_ file: [UInt8], by packing: CompressionFormat?) throws -> [UInt8] {
    guard let packing else { return file }
    return try #require(Self.compressors.first { $0.format == packing }).compress(file)
  }

  private static let compressors: [Compressor] = [
    .gzip, .xz, .lzma, .zstd, .lz4Frame, .bzip2, .lzo,
  ]

  private func plan(
    _ arguments: String, on tree: TemporaryTree
  ) throws -> (output: String, code: Int32) {
    try Program.run("-c -l --dry-run --machine=@ \(arguments)", in: tree)
  }

  @Test(
    "Each image type is recognised by its content, plain or compressed by any format",
    arguments: ImageRow.all, [nil] + ImageRow.packings)
  func recognisesTypeByContent(row: ImageRow, packing: CompressionFormat?) throws {
    let file = row.type.rawValue + (packing.map { "." + $0.name } ?? "")
    let tree = machine(file, try pack(row.file, by: packing))
    let (output, code) = try plan("-d @/\(file)", on: tree)
    #expect(code == 0 && output.contains("\n  image     \(row.description)\n"), "\(output)")
    let note = packing.map { "as a whole (\($0.name))" }
    #expect(note.map(output.contains) ?? !output.contains("as a whole"), "\(output)")
  }

  @Test(
    "--type accepts the type of the file and refuses another, naming the right one",
    arguments: ImageRow.all)
  func checksTypeAgainstTheFile(row: ImageRow) throws {
    let name = row.type.rawValue
    let tree = machine(name, try pack(row.file, by: .gzip))
    let (output, code) = try plan("-d -t \(name) @/\(name)", on: tree)
    #expect(code == 0 && output.contains("\n  image     "), "\(output)")
    // A wrong type is an error that names the right one.
    let wrong = row.type == .uki ? "multiboot-x86" : "uki"
    let (errors, failure) = try plan("--type=\(wrong) @/\(name)", on: tree)
    #expect(failure == 255)
    let wanted = Program.inPlace(
      "kexec: \"@/\(name)\": not of type \(wrong), but \(name)\n", in: tree)
    #expect(errors.hasPrefix(wanted), "\(errors)")
  }

  @Test(
    "NBI and beoboot images are refused as not supported, with and without --type",
    arguments: ImageRow.refused)
  func refusesUnsupportedTypes(type: ImageType, start: [UInt8]) throws {
    let tree = machine(type.rawValue, start + [UInt8](repeating: 0, count: 4096))
    for option in ["", "--type=\(type.rawValue)"] {
      let (output, code) = try plan("\(option) @/\(type.rawValue)", on: tree)
      #expect(code == 255 && output.contains("not supported"), "\(output)")
    }
  }

  @Test("The rows cover every image type and every compression format")
  func rowsCoverAllTypesAndFormats() {
    let types = ImageRow.all.map(\.type) + ImageRow.refused.map(\.type)
    #expect(types.count == ImageType.allCases.count && Set(types) == Set(ImageType.allCases))
    #expect(Self.compressors.map(\.format).count == ImageRow.packings.count)
    #expect(Set(Self.compressors.map(\.format)) == Set(ImageRow.packings))
  }
}
