/// Where a kernel runs.
public struct KernelPlace: Sendable, Equatable {
  /// The virtual address of `_text`; 0xffffffff81000000 when it was not moved.
  public let text: UInt64
  /// The physical address of its code; 0x1000000 when it was not moved.
  public let code: UInt64

  /// By how much it was moved from the addresses that it was linked for.
  public var virtualShift: UInt64 { text &- 0xFFFF_FFFF_8100_0000 }
}

extension Guest {
  /// Asks the running kernel where it is.
  public func place() async throws -> KernelPlace {
    let said = try await run(
      """
      grep -w _text /proc/kallsyms | cut -d' ' -f1
      grep 'Kernel code' /proc/iomem | sed 's/^ *//; s/-.*//'
      """
    ).text
    let numbers = said.split(separator: "\n").map { UInt64($0, radix: 16) }
    guard numbers.count == 2, let text = numbers[0], let code = numbers[1] else {
      throw Failure("the kernel says of its place: \(said)")
    }
    return KernelPlace(text: text, code: code)
  }

  /// What `load --dry-run` remarks; fails unless one of its notes contains `text`.
  public func mustNote(
    _ text: String, when load: String, file: String = #fileID, line: Int = #line
  ) async throws {
    let json = try await run("\(load) --dry-run --json", file: file, line: line).text
    let notes = try LoadReport(json).notes ?? []
    try expect(
      notes.contains { $0.contains(text) }, "no note has \"\(text)\": \(notes)",
      file: file, line: line)
  }
}
