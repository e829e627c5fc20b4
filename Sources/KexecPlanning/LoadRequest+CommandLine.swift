internal import ByteCoding
internal import KernelImages
internal import RunningSystem

extension LoadRequest {
  /// The command line that the next kernel gets: the base, and every `--append` with one space before it,
  /// placed before the base's words for init. The base is `--command-line` if given, else the running line
  /// with `--reuse-cmdline`, else that of a unified image, else nothing. What other options add comes first.
  func finalCommandLine(on machine: Machine) -> String {
    let base =
      options.commandLine
      ?? (options.reusesCommandLine ? reusable(machine.commandLine).text : ownLine)
    let given = options.appended.reduce(KernelCommandLine(base)) { $0.appending($1) }.text
    let words = options.reusesConsole ? machine.consoleWords(beside: KernelCommandLine(given)) : []
    let line = (words + [given]).filter { !$0.isEmpty }.joined(separator: " ")
    guard options.isStamped, let stamps else { return line }
    return KernelCommandLine(line).adding(stamps.word).text
  }

  /// That line with the words of `--preserve=modules`, as far as there is space for them below `limit`.
  func preservingModules(
    of machine: Machine, in line: String, limit: Int
  ) -> (line: String, notes: [PlanNote]) {
    guard options.preservesModules, let modules = machine.modules else { return (line, []) }
    let (words, notes) = PreservedModules(modules).words(
      beside: KernelCommandLine(line), space: limit - line.losslessByteCount)
    return ((words + [line]).filter { !$0.isEmpty }.joined(separator: " "), notes)
  }

  /// The command line of the unified image, without `crashkernel=` for a crash kernel, which reserves no
  /// memory for another one.
  private var ownLine: String {
    guard let text = unifiedImage?.commandLine else { return "" }
    return options.purpose == .crash ? KernelCommandLine(text).removing(["crashkernel"]).text : text
  }

  /// The running command line without what only applied to the running kernel: `BOOT_IMAGE=`, which boot
  /// loaders add; `elfcorehdr=` of an earlier dump; the address for returning to an earlier kernel; and for a
  /// crash kernel `crashkernel=`.
  private func reusable(_ running: KernelCommandLine) -> KernelCommandLine {
    let names: Set<String> = ["BOOT_IMAGE", "elfcorehdr", TimeStamps.name, jumpBackWordName]
    return running.removing(options.purpose == .crash ? names.union(["crashkernel"]) : names)
  }

  /// Notes on words of the user that are probably not as they were meant: characters that only look like a
  /// quote or a space, and text that a shell should have replaced.
  var notesOnGivenWords: [PlanNote] {
    let texts =
      (options.commandLine.map { [("--command-line", $0)] } ?? [])
      + options.appended.map { ("--append", $0) }
    return texts.flatMap { option, text in
      (PastedCharacter(inCommandLine: text).map { [.pastedCharacter($0, in: option)] } ?? [])
        + (text.holds("$(") || text.holds("`") ? [PlanNote.notReplaced(in: option)] : [])
    }
  }

  /// Notes on parameters of a reused command line that only an EFI boot loader acts on, so that they do
  /// nothing after kexec.
  func loaderWords(running: KernelCommandLine) -> [PlanNote] {
    guard options.reusesCommandLine, options.commandLine == nil else { return [] }
    return running.kernelWords
      .filter { $0.hasPrefix("initrd=") && $0.dropFirst(7).first?.isASCIIDigit != true }
      .map { .loaderWordKept(String($0)) }
  }
}
