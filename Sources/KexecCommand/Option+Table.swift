extension Option: OptionKey {
  typealias Values = ClassicValues

  static let table = OptionTable<Option, ClassicValues>(complete: [
    .init("Common options", usual),
    .init("Other actions", actions),
    .init("What to load", content),
    .init("How to load", loading),
    .init("Crash kernel (with -p)", crash),
    .init("Messages of the purgatory, which runs between the two kernels", console),
    .init("Before the jump (with -e)", running),
    .init("Output", output),
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
