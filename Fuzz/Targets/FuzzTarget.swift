/// The fuzz targets. The raw value is the name of the target's directories in Fuzz/Seeds and
/// Fuzz/Finds.
enum FuzzTarget: String, CaseIterable, Sendable {
  case bzimage, uki, images, packed, initrd, iomem, machine, kcore, dump, options, commandline,
    printk, paniclog

  /// Tests one input. Traps if something is wrong that must hold for every input.
  ///
  /// - Returns: 0, or -1 if the fuzzer should not add the input to its corpus.
  func test(_ bytes: [UInt8]) -> Int32 {
    let input = Input(bytes: bytes)
    return switch self {
    case .bzimage: fuzzBzImage(input)
    case .uki: fuzzUnified(input)
    case .images: fuzzImages(input)
    case .packed: fuzzPacked(input)
    case .initrd: fuzzInitrd(input)
    case .iomem: fuzzIOMemory(input)
    case .machine: fuzzMachine(input)
    case .kcore: fuzzKernelMemory(input)
    case .dump: fuzzCrashDump(input)
    case .options: fuzzOptions(input)
    case .commandline: fuzzCommandLine(input)
    case .printk: fuzzPrintk(input)
    case .paniclog: fuzzPanicLog(input)
    }
  }
}
