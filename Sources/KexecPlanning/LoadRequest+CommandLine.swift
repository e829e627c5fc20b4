internal import ByteCoding
internal import KernelImages
internal import RunningSystem

extension LoadRequest {
  /// The command line that the next kernel gets: the base, then every `--append`, with one space before
  /// it, and in front of what the base has for init. The base is `--command-line` if given, else the running line with
  /// `--reuse-cmdline`, else that of a unified image, else nothing. What other options add comes
  /// before the rest.
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

  /// The line in a unified image. A crash kernel reserves no memory for another one.
  private var ownLine: String {
    guard let text = unifiedImage?.commandLine else { return "" }
    return options.purpose == .crash ? KernelCommandLine(text).removing(["crashkernel"]).text : text
  }

  /// The running line without what belongs to the way it was booted: BOOT_IMAGE, which boot
  /// loaders add, the header of an older dump, the way back to the kernel before this one, and for a
  /// crash kernel the reservation of another one.
  private func reusable(_ running: KernelCommandLine) -> KernelCommandLine {
    let names: Set<String> = ["BOOT_IMAGE", "elfcorehdr", TimeStamps.name, jumpBackWordName]
    return running.removing(options.purpose == .crash ? names.union(["crashkernel"]) : names)
  }

  /// What of the words that the user gave is probably not as it was meant: characters that only look
  /// like a quote or a space, and what a shell would have replaced.
  var notesOnGivenWords: [PlanNote] {
    let texts =
      (options.commandLine.map { [("--command-line", $0)] } ?? [])
      + options.appended.map { ("--append", $0) }
    return texts.flatMap { option, text in
      (PastedCharacter(inCommandLine: text).map { [.pastedCharacter($0, in: option)] } ?? [])
        + (text.holds("$(") || text.holds("`") ? [PlanNote.notReplaced(in: option)] : [])
    }
  }

  /// Words of a reused line that did something for the EFI loader and do nothing after kexec.
  func loaderWords(running: KernelCommandLine) -> [PlanNote] {
    guard options.reusesCommandLine, options.commandLine == nil else { return [] }
    return running.kernelWords
      .filter { $0.hasPrefix("initrd=") && $0.dropFirst(7).first?.isASCIIDigit != true }
      .map { .loaderWordKept(String($0)) }
  }
}
