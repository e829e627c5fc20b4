extension Option: OptionKey {
  typealias Values = ClassicValues

  static let table = OptionTable<Option, ClassicValues>(complete: [
    .init("What to do (one of these; KERNEL alone loads it and reboots into it)", actions),
    .init("How to load", loading),
    .init("What to load", content),
    .init("What a panic kernel learns (with -p)", crash),
    .init("What the code between the kernels says", console),
    .init("How to run it", running),
    .init("What to print", output),
  ])

  init(_ common: CommonOption) {
    self =
      switch common {
      case .json: .json
      case .machine: .machine
      case .quiet: .quiet
      case .debug: .debug
      case .help: .help
      }
  }
}
