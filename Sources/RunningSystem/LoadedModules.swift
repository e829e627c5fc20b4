internal import LinuxSystem

/// A module of the running kernel. A line of `/proc/modules`, and `/sys/module/NAME/parameters`.
package struct LoadedModule: Equatable, Sendable {
  /// A parameter that has a value.
  package struct Parameter: Equatable, Sendable {
    /// Its name.
    package let name: String
    /// Its value as the kernel prints it.
    package let value: String

    /// The parameter `name` with `value`.
    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// Its name, with underscores.
  package let name: String
  /// Whether other modules need it, so that it is loaded with them.
  package let isNeeded: Bool
  /// Its parameters, by name; those that have no value are left out.
  package let parameters: [Parameter]
  /// The names of parameters whose values cannot be read.
  package let unreadable: [String]

  /// The module `name`.
  package init(
    name: String, isNeeded: Bool = false, parameters: [Parameter] = [], unreadable: [String] = []
  ) {
    self.name = name
    self.isNeeded = isNeeded
    self.parameters = parameters
    self.unreadable = unreadable
  }
}

/// The modules that the running kernel has loaded.
package struct LoadedModules: Equatable, Sendable {
  /// The modules, the first that was loaded first.
  package let modules: [LoadedModule]
  /// Whether hidden parameters have been read, which root may do without lockdown.
  package let includesHidden: Bool

  /// These modules.
  package init(_ modules: [LoadedModule], includesHidden: Bool = true) {
    self.modules = modules
    self.includesHidden = includesHidden
  }

  /// Reads the modules of the machine in `files`.
  init(in files: FileTree) {
    var hidden = HiddenParameters(in: files)
    let lines = (files.text("/proc/modules") ?? "").split(separator: "\n")
    // The kernel lists the last one first.
    modules = lines.reversed().compactMap { line in
      // "nf_tables 356352 1 nft_ct, Live 0x0000000000000000"
      let words = line.split(separator: " ")
      guard words.count >= 5, words[4] == "Live" else { return nil }
      let name = String(words[0])
      let users = words[3].split(separator: ",").filter { $0 != "-" && $0.first != "[" }
      var (known, unknown) = hidden?.parameters(of: name) ?? ([], [])
      // A module may change a hidden parameter itself: zram counts num_devices down to 0. A 0 that a user has
      // set looks the same, and 0 is the default of nearly all parameters.
      known.removeAll { $0.value == "0" }
      return LoadedModule(
        name: name, isNeeded: !users.isEmpty,
        parameters: (Self.shownParameters(of: name, in: files) + known).sorted {
          $0.name < $1.name
        }, unreadable: unknown)
    }
    includesHidden = hidden != nil
  }

  private static func shownParameters(
    of module: String, in files: FileTree
  ) -> [LoadedModule.Parameter] {
    let directory = "/sys/module/\(module)/parameters"
    return (files.names(in: directory) ?? []).compactMap { name in
      // An unset text reads as "(null)", in a list too; some parameters can only be written.
      guard let value = files.text("\(directory)/\(name)"), !value.isEmpty,
        !value.split(separator: ",").contains("(null)")
      else { return nil }
      return .init(name: name, value: value)
    }
  }
}
