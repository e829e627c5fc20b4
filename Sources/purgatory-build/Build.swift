import ByteCoding
import CPurgatoryABI

/// Builds what `request` asks for.
func build(_ request: Request) throws(BuildError) {
  let compiled = request.work + "/purgatory.o"
  let assembled = request.work + "/start.o"
  let linked = request.work + "/purgatory.bin"
  let includes = request.includes.flatMap { ["-I", $0] }

  try run(
    request.swiftc,
    [
      "-target", request.target, "-swift-version", "6", "-module-name", "Purgatory",
      "-package-name", "kexec", "-enable-experimental-feature", "Embedded", "-wmo",
      "-parse-as-library", "-strict-memory-safety", "-warnings-as-errors",
      // It is loaded with every kernel, so it must be small. What must be fast is written to be inlined.
      "-Osize",
      // There is no heap, and no variable for a stack protector's canary.
      "-no-allocations", "-Xfrontend", "-disable-stack-protector",
      // So that the linker drops what is not used.
      "-Xfrontend", "-function-sections",
      // The old kernel leaves CR4.OSFXSR off: an SSE instruction would fault.
      "-Xcc", "-mno-sse", "-Xcc", "-mno-mmx",
      // Exceptions are taken on the stack that is in use.
      "-Xcc", "-mno-red-zone", "-Xcc", "-ffreestanding",
      // One more register, and no reordering of instructions: SHA-256 has more values than x86 has registers,
      // and these options remove 60 of 360 memory accesses per block. An emulator profits most.
      "-Xcc", "-fomit-frame-pointer", "-Xllvm", "-enable-misched=0",
      "-module-cache-path", request.work + "/modules",
    ] + includes + ["-c"] + request.sources + ["-o", compiled])
  try run(
    request.clang,
    ["-target", request.target] + includes + ["-c", request.assembly, "-o", assembled])
  try run(
    request.linker,
    [
      // "-static" would accept a table of addresses, which would be wrong after the blob is moved; "-pie"
      // does not.
      "-pie", "--no-dynamic-linker", "-z", "norelro", "--gc-sections", "--build-id=none",
      "--fatal-warnings", "--orphan-handling=error", "-T", request.script,
      "--defsym=PURGATORY_MAGIC=\(PURGATORY_MAGIC)",
      "--defsym=PURGATORY_HEADER_OFFSET=\(PURGATORY_HEADER_OFFSET)",
      "--defsym=PURGATORY_PARAMETERS_OFFSET=\(PURGATORY_PARAMETERS_OFFSET)",
      "--oformat", "binary", assembled, compiled, "-o", linked,
    ])

  let blob = try readFile(linked)
  try check(blob)
  try writeFile(request.output, source(of: blob, named: request.target))
}

/// Corresponds to struct purgatory_header.
private enum HeaderLayout {
  static let magic = Field<UInt64>(0x00)
  static let fileSize = Field<UInt64>(0x08)
  static let memorySize = Field<UInt64>(0x10)
  static let verifyOffset = Field<UInt64>(0x18)
}

/// Compares the blob's header with the blob.
private func check(_ blob: [UInt8]) throws(BuildError) {
  let bytes = SharedBytes(blob)
  func header(_ field: Field<UInt64>) throws(BuildError) -> UInt64 {
    do throws(OutOfBounds) {
      return try bytes.span.load(field, base: Int(PURGATORY_HEADER_OFFSET))
    } catch {
      throw .badBlob("too short for its header")
    }
  }
  guard try header(HeaderLayout.magic) == UInt64(PURGATORY_MAGIC) else {
    throw .badBlob("no header")
  }
  guard try header(HeaderLayout.fileSize) == UInt64(blob.count) else {
    throw .badBlob("size is not what it says")
  }
  let memorySize = try header(HeaderLayout.memorySize)
  guard memorySize > UInt64(blob.count), memorySize % .kibibytes(4) == 0 else {
    throw .badBlob("memory size is not in whole pages")
  }
  guard try header(HeaderLayout.verifyOffset) < UInt64(blob.count) else {
    throw .badBlob("test entry is outside")
  }
}

/// Swift source with the blob as text in base 64, filled up with zeros. The modules of Embedded Swift have a
/// copy each of an array that they use; of text the linker keeps one.
private func source(of blob: [UInt8], named target: String) -> String {
  let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  let bytes = blob + Array(repeating: 0, count: (3 - blob.count % 3) % 3)
  var text = """
    // Made by purgatory-build.

    /// The purgatory for \(target), in base 64.
    let purgatoryText: StaticString = "
    """
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = (Int(bytes[start]) << 16) | (Int(bytes[start + 1]) << 8) | Int(bytes[start + 2])
    for shift in [18, 12, 6, 0] { text.append(digits[(group >> shift) & 63]) }
  }
  return text + "\"\n"
}
