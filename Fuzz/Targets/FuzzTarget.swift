/// What a fuzzer tries, by the name of its directories in Fuzz/Seeds and Fuzz/Finds.
enum FuzzTarget: String, CaseIterable, Sendable {
  case bzimage, uki, images, packed, initrd, iomem, machine, kcore, options, commandline

  /// Tries one input, and traps where something does not hold that must hold for all.
  ///
  /// - Returns: 0, or -1 for an input that teaches the fuzzer nothing.
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
    case .options: fuzzOptions(input)
    case .commandline: fuzzCommandLine(input)
    }
  }
}
