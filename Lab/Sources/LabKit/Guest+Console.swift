extension Guest {
  /// The number that the next line on the console will have.
  public var endOfConsole: Int { machine.console.transcript.end }

  /// What the kernel wrote on the console from line `start` on, until the next kernel began.
  public func console(from start: Int) -> [String] {
    let lines = machine.console.transcript.lines(from: start).map(\.text)
    return Array(lines.prefix { !$0.contains("] Linux version ") })
  }
}
