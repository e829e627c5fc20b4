import ByteCoding
import KexecPlanning
import PhysicalMemory

@testable import KexecCommand

/// The text is an argument list without the program's name, one argument a line. If it contains a
/// NUL, each argument ends with a NUL, as in /proc/PID/cmdline.
func fuzzOptions(_ input: Input) -> Int32 {
  let separator = input.bytes.contains(0) ? 0 : UInt8(ascii: "\n")
  let words = input.bytes.split(separator: separator, omittingEmptySubsequences: false)
  let arguments = ["kexec"] + words.map { String(lossless: $0) }
  let first = Result { () throws(CommandError) in try Invocation(arguments) }
  let second = Result { () throws(CommandError) in try Invocation(arguments) }
  switch (first, second) {
  case (.success(let one), .success(let other)):
    expect(one == other, "the parser keeps nothing from one call to the next")
    expect(!one.options.memoryBounds.isEmpty, "--mem-min is below --mem-max")
    if case .load(let kernel, _) = one.action {
      expect(arguments.dropFirst().contains(kernel), "the kernel is one of the arguments")
    }
  case (.failure(let one), .failure(let other)):
    expect(one.text == other.text, "the parser keeps nothing from one call to the next")
  default:
    expect(false, "the same arguments are right or wrong each time")
  }
  return 0
}
