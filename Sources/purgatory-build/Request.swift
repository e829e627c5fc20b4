/// What the plugin asks for.
struct Request {
  var swiftc = ""
  var clang = ""
  var linker = ""
  /// The target triple, which has an embedded standard library in the toolchain.
  var target = ""
  /// The linker script.
  var script = ""
  var assembly = ""
  /// Directories with C headers and module maps.
  var includes: [String] = []
  /// Directory for intermediate files.
  var work = ""
  /// The Swift file to write.
  var output = ""
  /// The Swift sources.
  var sources: [String] = []

  /// Reads the arguments: options with a value, and sources.
  init(_ arguments: some Sequence<String>) throws(BuildError) {
    var arguments = arguments.makeIterator()
    while let argument = arguments.next() {
      guard argument.hasPrefix("--") else {
        sources.append(argument)
        continue
      }
      guard let value = arguments.next() else { throw .badArgument(argument) }
      switch argument {
      case "--swiftc": swiftc = value
      case "--clang": clang = value
      case "--linker": linker = value
      case "--target": target = value
      case "--script": script = value
      case "--assembly": assembly = value
      case "--include": includes.append(value)
      case "--work": work = value
      case "--output": output = value
      default: throw .badArgument(argument)
      }
    }
  }
}
