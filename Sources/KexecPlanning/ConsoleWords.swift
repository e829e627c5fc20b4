internal import RunningSystem

extension Machine {
  /// The parameters that make the next kernel use the consoles of the running one. `--reuse-console`.
  ///
  /// A console that `line`, the rest of the next kernel's command line, names already gets no parameter: a
  /// driver has one console, whatever ports it drives, and the first parameter for it counts.
  func consoleWords(beside line: KernelCommandLine) -> [String] {
    let given = line.values(of: "console").map { $0.console }
    // An empty `console=` and `console=null` mean none at all.
    guard !given.contains(where: { $0.name.isEmpty || $0.name == "null" }) else { return [] }
    let drivers = given.map { Console.driver(of: $0.name) }
    var words: [String] = []
    for name in ["earlycon", "earlyprintk"] {
      guard line.words(named: "earlycon").isEmpty, line.words(named: "earlyprintk").isEmpty else {
        break
      }
      words += commandLine.words(named: name).map(String.init)
    }
    for (name, options) in reusedConsoles where !drivers.contains(Console.driver(of: name[...])) {
      words.append("console=" + name + (options.map { "," + $0 } ?? ""))
    }
    return words
  }

  /// The I/O port of the running kernel's serial console, preferably the one that is /dev/console; nil when
  /// the purgatory can drive none of its consoles.
  var consolePort: UInt16? {
    let names = reusedConsoles.map { $0.name }
    // The last word is that of /dev/console.
    return names.reversed().lazy.compactMap { serialPorts[$0] }.first
  }

  /// Names and options as in `console=NAME,OPTIONS`, /dev/console last, as the kernel wants it.
  var reusedConsoles: [(name: String, options: String?)] {
    let said = commandLine.values(of: "console").map { $0.console }
    guard !consoles.isEmpty else {
      return said.map { (String($0.name), $0.options.map(String.init)) }
    }
    let ordered = consoles.filter { !$0.isPreferred } + consoles.filter { $0.isPreferred }
    return ordered.map { console in
      let options = said.last { $0.name == console.name }?.options
      return (console.name, console.lineOptions ?? options.map(String.init))
    }
  }
}

extension Substring {
  /// Takes `ttyS1,57600n8` apart.
  var console: (name: Substring, options: Substring?) {
    guard let comma = firstIndex(of: ",") else { return (self, nil) }
    return (self[..<comma], self[index(after: comma)...])
  }
}
