@testable import KexecCommand

/// The completion for bash.
struct BashCompletion {
  let options: [OptionText]
  let commands: [(name: String, summary: String, options: [OptionText])]

  var text: String {
    """
    # Completion of kexec for bash. Made by script/documents from the tables of options: change those.

    # _kexec_offer WORD...: those that begin with what is typed.
    _kexec_offer() {
      local word
      for word; do
        [[ $word != "$typed"* ]] || COMPREPLY+=("$before$word")
      done
    }

    # _kexec_files FILE...: those that are there. A name without a directory is completed to one in /boot,
    # unless the directory that the user is in has such a file.
    _kexec_files() {
      local word
      for word; do
        [[ -e $word ]] || continue
        if [[ $word == "$typed"* ]] ||
          [[ -n $typed && $typed != */* && ${word##*/} == "$typed"* && -z $(compgen -f -- "$typed") ]]; then
          COMPREPLY+=("$before$word")
        fi
      done
    }

    # The initrds of the kernel that is named before; without one, or where a name is begun, all in /boot.
    _kexec_initrds() {
      local release="${kernel##*/}" directory=
      [[ $kernel != */* ]] || directory=${kernel%/*}/
      if [[ -n $kernel && ( -z $typed || $typed == */ ) ]]; then
        if [[ $release == *-* ]]; then release=-${release#*-}; else release=; fi
        _kexec_files "${directory}initrd.img$release" "${directory}initrd$release" \\
          "${directory}initramfs$release.img" "${directory}initrd$release.img"
        ((${#COMPREPLY[@]} == 0)) || return 0
      fi
      _kexec_files /boot/initrd* /boot/initramfs*
    }

    # _kexec_value OPTION: the words of its value. Fails for an option without one.
    _kexec_value() {
      case $command:$1 in
    \(cases)
        *) return 1 ;;
      esac
    }

    _kexec() {
      local typed before= command= kernel= option= word place
      local -a words=()
      # bash takes --initrd=FILE apart.
      for ((place = 1; place <= COMP_CWORD; place++)); do
        word=${COMP_WORDS[place]}
        if ((${#words[@]} > 0)) && [[ ${words[-1]} == --* ]] &&
          [[ $word == "=" || ${COMP_WORDS[place - 1]} == "=" ]]; then
          words[-1]+=$word
        else
          words+=("$word")
        fi
      done
      typed=${words[-1]}
      unset 'words[-1]'
      COMPREPLY=()
      if ((${#words[@]} > 0)); then
        case ${words[0]} in
          \(commands.map(\.name).joined(separator: " | "))) command=${words[0]} ;;
        esac
      fi
      # What the words before are: options, their values, and the kernel.
      for word in "${words[@]}"; do
        if [[ -n $option ]]; then
          option=
        elif [[ $word == -* ]]; then
          [[ $word == *=* ]] || ! (_kexec_value "$word") || option=$word
        else
          kernel=$word
        fi
      done
      if [[ -z $option && $typed == --*=* ]]; then
        option=${typed%%=*}
        [[ $COMP_WORDBREAKS == *=* ]] || before=$option=
        typed=${typed#*=}
      fi
      if [[ -n $option ]]; then
        _kexec_value "$option"
      elif [[ $typed == -* ]]; then
        case $command in
    \(lists)
        esac
        [[ ${#COMPREPLY[@]} != 1 || $COMPREPLY != *= ]] || compopt -o nospace
      elif [[ $command == dump ]]; then
        # Behind a word, and in its place, stand files.
        [[ $kernel != dump ]] || _kexec_offer \(DumpSubject.list(separator: " "))
      elif [[ -n $command ]]; then
        compopt +o default
      else
        ((${#words[@]} > 0)) || _kexec_offer \(commands.map(\.name).joined(separator: " "))
        [[ -n $kernel ]] || _kexec_files /boot/vmlinuz* /boot/*.efi
      fi
    }

    complete -o default -F _kexec kexec

    """
  }

  /// The cases of `_kexec_value`, for the classic command line and for each command.
  private var cases: String {
    var lines: [String] = []
    for (name, options) in tables {
      for option in options {
        guard let value = CompletedValue(of: option) else { continue }
        let pattern = option.spellings.map { "\(name):\($0)" }.joined(separator: " | ")
        lines.append("    \(pattern)) \(action(value)) ;;")
      }
    }
    return lines.joined(separator: "\n")
  }

  private func action(_ value: CompletedValue) -> String {
    switch value {
    case .nothing: "compopt +o default"
    case .words(let words): "compopt +o default && _kexec_offer \(words.joined(separator: " "))"
    // Readline completes the names of files where nothing is offered.
    case .file: ":"
    case .directory: "compopt +o default -o dirnames"
    case .initrd: "_kexec_initrds"
    }
  }

  /// The cases that offer options, those with a long name and a value with their `=`.
  private var lists: String {
    tables.map { name, options in
      let words = options.flatMap { option in
        option.spellings.map { $0.hasPrefix("--") && option.value != nil ? $0 + "=" : $0 }
      }
      return "      \"\(name)\") _kexec_offer \(words.joined(separator: " ")) ;;"
    }.joined(separator: "\n")
  }

  private var tables: [(name: String, options: [OptionText])] {
    [("", options)] + commands.map { ($0.name, $0.options) }
  }
}
