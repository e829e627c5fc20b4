@testable import KexecCommand

/// The completion for zsh, by its `_arguments`.
struct ZshCompletion {
  let options: [OptionText]
  let commands: [(name: String, summary: String, options: [OptionText])]

  var text: String {
    """
    #compdef kexec
    # Completion of kexec for zsh. Made by script/documents from the tables of options: change those.

    # The kernels in /boot, and other files.
    _kexec_kernels() {
      local expl
      local -a kernels
      kernels=(/boot/vmlinuz*(N) /boot/*.efi(N))
      _wanted kernels expl 'kernel in /boot' compadd -a kernels || _files
    }

    # The initrd of the kernel that is named before; without one, or where a name is begun, all in /boot.
    _kexec_initrds() {
      local expl kernel release word
      local -a initrds
      for word in $words[2,CURRENT-1]; do
        [[ $word == -* || ${word:t} != (vmlinuz*|*.efi) ]] || kernel=${(Q)word}
      done
      if [[ -n $kernel && ( -z $PREFIX || $PREFIX == */ ) ]]; then
        release=${kernel:t}
        if [[ $release == *-* ]]; then release=-${release#*-}; else release=; fi
        initrds=(${kernel:h}/{initrd.img,initrd}$release(N) ${kernel:h}/{initramfs,initrd}$release.img(N))
      fi
      (( $#initrds )) || initrds=(/boot/initrd*(N) /boot/initramfs*(N))
      _wanted initrds expl 'initrd' compadd -a initrds || _files
    }

    # A command as the first word, and kernels.
    _kexec_operand() {
      local -a commands
      commands=(
    \(commands.map { "    " + quoted("\($0.name):\($0.summary)") }.joined(separator: "\n"))
      )
      (( CURRENT > 2 )) || _describe -t commands command commands
      _kexec_kernels
    }

    # A word behind dump, or a file.
    _kexec_dump_operand() {
      local expl
      _wanted words expl 'what to do' compadd \(DumpSubject.list(separator: " ")) || _files
    }

    _kexec() {
      local curcontext=$curcontext
      case $words[2] in
    \(commands.map(command).joined(separator: "\n"))
      esac
      _arguments -s -S : \\
    \(options.flatMap { specifications($0, indent: "    ") }.joined(separator: "\n"))
        '*: :_kexec_operand'
    }

    _kexec "$@"

    """
  }

  private func command(_ name: String, _ summary: String, _ options: [OptionText]) -> String {
    var rows = options.flatMap { specifications($0, indent: "          ") }
    if name == CommandWord.dump.rawValue {
      rows.append("          '1: :_kexec_dump_operand' \\")
      rows.append("          '*:FILE:_files' \\")
    }
    return """
          \(name))
            if (( CURRENT > 2 )); then
              shift words
              (( CURRENT-- ))
              _arguments -s -S : \\
      \(rows.joined(separator: "\n").dropLast(2))
              return
            fi
            ;;
      """
  }

  /// What `_arguments` is told of an option: a line for each way to write it.
  private func specifications(_ option: OptionText, indent: String) -> [String] {
    let isRepeated = CompletedValue.repeated.contains(option.long[0])
    let spellings = option.spellings
    return spellings.map { name in
      let others =
        isRepeated ? "*" : spellings.count > 1 ? "(\(spellings.joined(separator: " ")))" : ""
      let help = option.help.map { "[]:\\".contains($0) ? "\\\($0)" : String($0) }.joined()
      var text = others + name
      if option.value != nil { text += name.hasPrefix("--") ? "=" : "+" }
      text += "[\(help)]"
      if let value = option.value, let completed = CompletedValue(of: option) {
        let label = value.split(separator: " ").first.map(String.init) ?? value
        text += ":\(label):\(action(completed))"
      }
      return indent + quoted(text) + " \\"
    }
  }

  private func action(_ value: CompletedValue) -> String {
    switch value {
    case .nothing: " "
    case .words(let words): "(\(words.joined(separator: " ")))"
    case .file: "_files"
    case .directory: "_files -/"
    case .initrd: "_kexec_initrds"
    }
  }

  private func quoted(_ text: String) -> String {
    "'" + text.map { $0 == "'" ? "'\\''" : String($0) }.joined() + "'"
  }
}
