/// The text of `--help`.
func helpText(on terminal: Terminal = .none) -> String {
  let page = terminal.page
  var text = page.wrapped(
    """
    Usage: kexec [OPTION]... [KERNEL]
    Boots into another Linux kernel without going through firmware.

      kexec -l /vmlinuz --initrd=/initrd.img --reuse-cmdline
                                load a kernel; nothing stops yet
      systemctl kexec           stop all services and start the loaded kernel
      kexec -e                  start it at once: services are not stopped
      kexec KERNEL [OPTION]...  load KERNEL and shut the system down into it

    """, indent: 28)
  text += page.list(Option.table.texts)
  text += page.title("Commands (kexec COMMAND --help lists the options of one)")
  for word in CommandWord.allCases {
    let (summary, needsRoot) = word.summary
    text += page.helpRow(word.rawValue, needsRoot ? summary : "\(summary); works without root")
  }
  return text + "\nMore: kexec(8), /usr/share/doc/kexec-swift\n"
}

/// The text of `--help` of a command.
func helpText(of word: CommandWord, on terminal: Terminal = .none) -> String {
  let (summary, needsRoot) = word.summary
  let text = """
    Usage: \(word.name) [OPTION]...\(word.arguments)
    Use it to \(summary). It \(needsRoot ? "needs" : "works without") root.

    """
  return text + terminal.page.list(word.options)
}

/// The text of `makedumpfile --help`. Scripts read in it which compressions there are.
func makedumpfileHelp(on terminal: Terminal = .none) -> String {
  let page = terminal.page
  var text = page.wrapped(
    """
    Usage: makedumpfile [OPTION]... VMCORE DUMPFILE
           makedumpfile -F [OPTION]... VMCORE
           makedumpfile -R [-f] DUMPFILE
           makedumpfile --dump-dmesg [OPTION]... VMCORE LOGFILE
           makedumpfile --mem-usage /proc/kcore
    Saves the memory of a crashed kernel. This is kexec \(productVersion), which takes the options of makedumpfile; kexec dump does the same and more.

    """, indent: 0)
  text += page.list(MakedumpfileOption.table.texts)
  return text + "\nlzo\tdisabled\nsnappy\tdisabled\nzstd\tenabled\n"
}

extension Terminal {
  fileprivate func title(_ title: String) -> String {
    wrapped("\n" + styled(title + ":", .heading) + "\n", indent: 2)
  }

  fileprivate func list(_ sections: [(title: String, options: [OptionText])]) -> String {
    var text = ""
    for (title, options) in sections {
      text += self.title(title)
      for option in options {
        text += helpRow(option.spelling, option.help)
      }
    }
    return text
  }

  /// What something is called, and beside it what it is for.
  fileprivate func helpRow(_ name: String, _ help: String) -> String {
    // Names that reach into the help's column get a line of their own.
    let isLong = name.count > 27
    return (isLong ? "  \(name)\n" : "") + row(isLong ? "" : "  " + name, help, column: 30)
  }
}

extension OptionText {
  /// All names, with what stands for the value.
  fileprivate var spelling: String {
    guard !long.isEmpty else { return name + (value.map { " \($0)" } ?? "") }
    let letter = short.map { "-\($0), " } ?? "    "
    let value = value.map { "=\($0)" } ?? ""
    return letter + long.map { "--\($0)\(value)" }.joined(separator: ", ")
  }
}
