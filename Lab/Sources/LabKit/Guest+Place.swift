/// The addresses at which a kernel runs.
public struct KernelPlace: Sendable, Equatable {
  /// The virtual address of `_text`; 0xffffffff81000000 if the kernel was not moved.
  public let text: UInt64
  /// The physical address of its code; 0x1000000 if the kernel was not moved.
  public let code: UInt64

  /// The virtual address that `_text` is linked for.
  static let linked: UInt64 = 0xFFFF_FFFF_8100_0000

  /// The distance from the virtual address that it is linked for.
  public var virtualShift: UInt64 { text &- Self.linked }
}

extension Guest {
  /// Asks the running kernel for its addresses.
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

  /// The plan by `load --dry-run`. Fails unless the plan has a note with that code whose sentence
  /// contains `subject`.
  public func plan(
    _ load: String, noting code: String? = nil, about subject: String = "",
    file: String = #fileID, line: Int = #line
  ) async throws -> LoadReport {
    let json = try await run("\(load) --dry-run --json", file: file, line: line).text
    let plan = try LoadReport(json)
    if let code {
      let notes = plan.noteCodes ?? []
      try expect(
        notes.contains { $0.isOf(code, about: subject) },
        "no note is \(code) \(subject): \(notes)", file: file, line: line)
    }
    return plan
  }

  /// Fails unless the kernel runs at the planned address. At that address it has not unpacked
  /// itself: its own decompressor would have drawn another one.
  public func mustRun(
    at plan: LoadReport, file: String = #fileID, line: Int = #line
  ) async throws {
    let (found, planned) = (try await place(), try plan.place)
    try expect(
      found == planned, "it runs at \(found), planned was \(planned)", file: file, line: line)
  }

  /// Fails unless the plan of `load` has a note with that code whose sentence contains `subject`.
  public func mustNote(
    _ code: String, about subject: String = "", when load: String, file: String = #fileID,
    line: Int = #line
  ) async throws {
    _ = try await plan(load, noting: code, about: subject, file: file, line: line)
  }
}
