import Testing

@testable import KexecCommand

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  /// Pasted command lines: each element is an argument, as the shell split it. Then the message or
  /// its beginning, and a part of the advice.
  @Test(
    "A usage error points out the pasted character or missing quote that caused it",
    arguments: [
      // Dashes as text programs write them.
      (["-l", "k", "–initrd=x"], "\"–initrd=x\": this is not an option", "an en dash (U+2013)"),
      (
        ["-l", "k", "—append", "quiet"], "\"—append\": this is not an option",
        "an em dash (U+2014)"
      ),
      (["−l", "k"], "\"−l\": this is not an option", "a minus sign (U+2212)"),
      (["–e"], "\"–e\": this is not an option", "an en dash (U+2013)"),
      (
        ["\u{FEFF}-l", "k"], "\"\u{FEFF}-l\": this is not an option",
        "an invisible character (U+FEFF)"
      ),
      (["-l", "k", "--reuse\u{2011}cmdline"], "", "a non-breaking hyphen (U+2011)"),
      (["-–initrd=x", "-l", "k"], "", "an en dash (U+2013)"),
      // Characters that look like a space.
      (["-l\u{A0}k"], "", "a non-breaking space (U+00A0)"),
      (["-l", "k", "--initrd\u{A0}x"], "", "a non-breaking space (U+00A0)"),
      (["-l", "k\u{A0}", "b"], "two kernels were given: \"k\u{A0}\" and \"b\"", "space (U+00A0)"),
      (["-l", "k", "--mem-min=1\u{A0}"], "--mem-min=1\u{A0}: not an address", "space (U+00A0)"),
      (["-l", "k", "--mem-max=–1"], "--mem-max=–1: not an address", "en dash (U+2013)"),
      // Typographic quotes, at which the shell does not stop splitting.
      (
        ["-l", "k", "--append=“quiet", "splash”"], "two kernels were given: \"k\" and \"splash”\"",
        "\"”\", a curly quote (U+201D)"
      ),
      (["-l", "“k", "x”"], "two kernels were given: \"“k\" and \"x”\"", "a curly quote (U+201C)"),
      // Values without quotes.
      (
        ["-l", "--append=BOOT_IMAGE=/v", "root=/dev/vda1", "ro", "/boot/k"],
        "two kernels were given: \"root=/dev/vda1\" and \"ro\"",
        "root=/dev/vda1 is a separate word after --append=BOOT_IMAGE=/v: put the whole value in quotes"
      ),
      (
        ["-l", "/boot/k", "--append", "root=/dev/vda1", "ro", "quiet"],
        "two kernels were given: \"/boot/k\" and \"ro\"",
        "ro is a separate word after --append root=/dev/vda1"
      ),
      (
        ["-l", "/boot/k", "--app=root=/dev/vda1", "ro", "--initrd=x"],
        "two kernels were given: \"/boot/k\" and \"ro\"",
        "ro is a separate word after --app=root=/dev/vda1"
      ),
      (
        ["/boot/k", "--command-line=a", "b=c"], "two kernels were given: \"/boot/k\" and \"b=c\"",
        "b=c is a separate word after --command-line=a"
      ),
      (
        ["-l", "--append=ro", "root=/dev/vda1"], "no kernel was given, only \"root=/dev/vda1\"",
        "root=/dev/vda1 is a separate word after --append=ro"
      ),
      (
        ["-l", "/boot/k", "root=/dev/vda1"],
        "two kernels were given: \"/boot/k\" and \"root=/dev/vda1\"",
        "root=/dev/vda1 is a kernel parameter"
      ),
      (
        ["-e", "--append=a", "b"], "-e (--exec) takes no kernel, but \"b\" was given",
        "b is a separate word after --append=a"
      ),
      // Arguments that no shell has expanded.
      (
        ["-l", "/boot/k", "--append=$(cat", "/proc/cmdline)"],
        "two kernels were given: \"/boot/k\" and \"/proc/cmdline)\"",
        "--append=$(cat: no shell has expanded $(...)"
      ),
      // Patterns.
      (
        ["-l", "/boot/vmlinuz-1", "/boot/vmlinuz-2"],
        "two kernels were given: \"/boot/vmlinuz-1\" and \"/boot/vmlinuz-2\"",
        "a pattern or $(...) without quotes"
      ),
      // None of these causes.
      (
        ["-l", "a", "b"], "two kernels were given: \"a\" and \"b\"",
        "kexec --help lists the options"
      ),
      (["-l", "/a/k", "/b/k"], "two kernels were given: \"/a/k\" and \"/b/k\"", "kexec --help"),
      (
        ["-l", "/boot/vmlinuz", "/boot/initrd.img"],
        "two kernels were given: \"/boot/vmlinuz\" and \"/boot/initrd.img\"",
        "an initrd is given as --initrd=\"/boot/initrd.img\""
      ),
      (["load", "k"], "two kernels were given: \"load\" and \"k\"", "did you mean --load?"),
      (["-l", "k", "--initrd=i", "--mem-min=x"], "--mem-min=x: not an address", "kexec --help"),
      (["--bogus"], "", "kexec --help"),
    ] as [([String], String, String)])
  func explainsPastedCommandLines(words: [String], message: String, advice: String) {
    let error = #expect(throws: CommandError.self) {
      try Invocation(["kexec"] + words)
    }
    #expect(error?.exitCode == .usage)
    #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    #expect(error?.advice?.contains(advice) == true, "\(error?.advice ?? "")")
  }

  /// Similar arguments that are meant as they are.
  @Test(
    "Odd characters in values and names are accepted where they are valid",
    arguments: [
      ["-l", "k", "--append=–x"], ["-l", "k", "--append", "–x"], ["-l", "--", "–k"],
      ["-l", "./a=b"], ["-l", "a=b"], ["-l", "--append=x", "/boot/a=b"], ["-l", "k–1"],
      ["-l", "k", "--append", "$(x)"], ["-l", "--append=x", "k"], ["-l", "--append", "x", "k"],
    ])
  func acceptsOddButValidWords(words: [String]) {
    #expect(throws: Never.self) { try Invocation(["kexec"] + words) }
  }

  @Suite struct PastedFilesTests {
    @Test("The error for a missing file points out a pasted character in its name")
    func missingFileErrorNamesPastedCharacter() {
      let kernel = FakeKernel()
      #expect(kernel.run(words: ["-l", "“@/vmlinuz”"]) == .failure)
      #expect(kernel.errors.contains("there is \"“\", a curly quote (U+201C), as word processors"))
      let initrd = FakeKernel()
      #expect(initrd.run(words: ["-l", "@/vmlinuz", "--initrd=@/initrd\u{A0}"]) == .failure)
      #expect(initrd.errors.contains("there is a non-breaking space (U+00A0)"))
      let plain = FakeKernel()
      #expect(plain.run("-l @/none") == .failure)
      #expect(!plain.errors.contains("there is"))
    }

    @Test("A load succeeds and warns of a curly quote in the command line")
    func warnsOfPastedQuoteInCommandLine() {
      let kernel = FakeKernel()
      #expect(kernel.run(words: ["-l", "-c", "@/vmlinuz", "--append=root=“x”"]) == .success)
      #expect(
        kernel.errors
          == "kexec: warning: --append has \"“\", a curly quote (U+201C): the kernel takes "
          + "it for an ordinary letter\n")
    }
  }
}
