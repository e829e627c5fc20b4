internal import CpioFormat
package import RunningSystem

/// The running kernel's modules and their parameters, in the form in which the next system gets them.
/// `--preserve=modules`.
///
/// systemd reads the word `modules_load=`, and modprobe reads `MODULE.PARAMETER=VALUE`, both from the command
/// line; for those that do not fit there, and for an initrd that does not read the command line, there is an
/// archive with files of the same content.
package struct PreservedModules {
  /// The modules to load, in order, without those that are loaded because others need them.
  private let names: [String]
  private let options: [Option]
  private let unusable: [String]
  private let includesHidden: Bool

  private struct Option {
    let module: String
    let parameter: LoadedModule.Parameter

    var name: String { module + "." + parameter.name }

    /// `PARAMETER=VALUE`, in quotes if the kernel needs them.
    var assignment: String {
      let value = parameter.value
      return parameter.name + "=" + (value.contains(" ") ? "\"" + value + "\"" : value)
    }

    /// Whether this is the default of most parameters.
    var isOrdinary: Bool { ["0", "N", "-1"].contains(parameter.value) }
  }

  /// What is preserved of `loaded`.
  package init(_ loaded: LoadedModules) {
    names = loaded.modules.filter { !$0.isNeeded }.map { $0.name }
    var options: [Option] = []
    var unusable: [String] = []
    for module in loaded.modules {
      unusable += module.unreadable.map { module.name + "." + $0 }
      for parameter in module.parameters {
        let option = Option(module: module.name, parameter: parameter)
        if parameter.value.isWritable {
          options.append(option)
        } else {
          unusable.append(option.name)
        }
      }
    }
    self.options = options
    self.unusable = unusable
    includesHidden = loaded.includesHidden
  }

  /// The parameters for the command line: at most `space` bytes, with a space behind each. What `line`, the
  /// rest of it, has already is left out.
  func words(beside line: KernelCommandLine, space: Int) -> (words: [String], notes: [PlanNote]) {
    var space = space
    var words: [String] = []
    let given = Set(line.values(of: "modules_load").flatMap { $0.split(separator: ",") })
    var list = "modules_load="
    var missingModules = 0
    for name in names where !given.contains(name[...]) {
      let item = list.last == "=" ? name : "," + name
      if list.utf8.count + item.utf8.count < space { list += item } else { missingModules += 1 }
    }
    if list.last != "=" {
      words.append(list)
      space -= list.utf8.count + 1
    }
    var missingOptions = 0
    for option in options.filter({ !$0.isOrdinary }) + options.filter({ $0.isOrdinary })
    where line.words(named: option.name).isEmpty {
      let word = option.module + "." + option.assignment
      if word.utf8.count < space {
        words.append(word)
        space -= word.utf8.count + 1
      } else {
        missingOptions += 1
      }
    }
    var notes: [PlanNote] = []
    if missingModules + missingOptions > 0 {
      notes.append(.modulesWithoutSpace(modules: missingModules, parameters: missingOptions))
    }
    if !unusable.isEmpty { notes.append(.parametersNotKept(unusable)) }
    if !includesHidden { notes.append(.hiddenParametersUnknown) }
    return (words, notes)
  }

  /// The archive for the end of the initrd; nil when there is nothing to say.
  ///
  /// systemd reads the list, modprobe the options. The init of initramfs-tools reads the script before it
  /// loads the modules in /conf/modules. Any other init needs one line: see docs/handover.md.
  package var archive: [UInt8]? {
    guard !names.isEmpty else { return nil }
    var text = ""
    for option in options { text += "options " + option.module + " " + option.assignment + "\n" }
    let list = "etc/modules-load.d/kexec-preserve.conf"
    let entries: [CpioEntry] = [
      .file(list, names.joined(separator: "\n") + "\n"),
      .file("etc/modprobe.d/kexec-preserve.conf", text),
      .file("conf/conf.d/kexec-preserve", "cat /\(list) >>/conf/modules\n"),
    ]
    var writer = CpioWriter()
    for entry in entries {
      do {
        try writer.append(entry)
      } catch {
        // Only more than 4 GiB of text cannot be written.
        return nil
      }
    }
    return writer.archive()
  }
}

extension String {
  /// Whether the value can be written on a command line and in a file of modprobe: neither can express a
  /// quote, a line end or a character that is not ASCII.
  fileprivate var isWritable: Bool {
    utf8.allSatisfy { (0x20..<0x7F).contains($0) && $0 != 0x22 && $0 != 0x5C }
  }
}
