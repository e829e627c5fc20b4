internal import ByteCoding
internal import LinuxSystem

/// What a person reads the text on, and how it is laid out there. What is no terminal gets the text as it
/// is, for scripts.
struct Terminal: Equatable {
  /// How many columns text may take; nil for no terminal.
  let width: Int?
  /// Whether it obeys the codes for colours, and the user wants them.
  let isColoured: Bool

  /// What is no terminal.
  static let none = Terminal(width: nil, isColoured: false)

  /// Where a page of 80 columns fits, or is narrower: for text that is read in a file as well.
  var page: Terminal { Terminal(width: min(width ?? 80, 80), isColoured: isColoured) }

  private init(width: Int?, isColoured: Bool) {
    (self.width, self.isColoured) = (width, isColoured)
  }

  /// - Parameters:
  ///   - columns: what the terminal says of its width: 0 when it does not know, nil for no terminal.
  ///   - environment: the value of an environment variable. NO_COLOR is documented at no-color.org.
  @inline(never) init(columns: Int?, _ environment: (_ name: String) -> String?) {
    guard let columns else {
      self = .none
      return
    }
    let known = columns > 0 ? columns : environment("COLUMNS").flatMap { Int($0) } ?? 80
    width = min(max(known, 40), 200)
    let type = environment("TERM") ?? ""
    isColoured = !type.isEmpty && type != "dumb" && (environment("NO_COLOR") ?? "").isEmpty
  }
}

extension LinuxKernel {
  /// What is in front of the standard output.
  var outputTerminal: Terminal { terminal(.output) }
  /// What is in front of the standard error stream.
  var errorTerminal: Terminal { terminal(.error) }

  private func terminal(_ stream: StandardStreams.Stream) -> Terminal {
    Terminal(columns: streams.columns(stream), process.environment)
  }
}
