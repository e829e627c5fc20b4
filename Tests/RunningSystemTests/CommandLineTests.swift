import RunningSystem
import TestSupport
import Testing

@Suite struct CommandLineTests {
  @Test(
    "The command line is split at spaces that are not in quotes",
    arguments: [
      ("", []),
      ("  ", []),
      ("quiet", ["quiet"]),
      (" a  b\tc\n", ["a", "b", "c"]),
      (
        #"dyndbg="file a.c +p; file b.c +p" quiet"#,
        [#"dyndbg="file a.c +p; file b.c +p""#, "quiet"]
      ),
      (#""name=with space" x"#, [#""name=with space""#, "x"]),
      (#"a="never closed b"#, [#"a="never closed b"#]),
      (#"a"b c"d"#, [#"a"b c"d"#]),
    ])
  func splitsLineIntoWords(text: String, wanted: [String]) {
    #expect(KernelCommandLine(text).words.map(String.init) == wanted)
  }

  @Test(
    "The last value of a parameter in front of -- is found",
    arguments: [
      ("console=tty0 console=ttyS0", "console", "ttyS0"),  // the last one counts
      ("no5lvl", "no5lvl", ""),
      ("no5lvlx xno5lvl", "no5lvl", nil),
      ("a -- b=1", "b", nil),  // parameters after -- are for init
      ("a=1 -- a=2", "a", "1"),
      ("--x=1 y=2", "y", "2"),
      ("x=", "x", ""),
      ("x=a=b", "x", "a=b"),
      ("", "x", nil),
    ])
  func findsLastValueBeforeDoubleDash(text: String, name: String, wanted: String?) {
    #expect(KernelCommandLine(text).value(of: name).map(String.init) == wanted)
  }

  @Test(
    "Removing a parameter keeps all other bytes and everything behind --",
    arguments: [
      ("BOOT_IMAGE=/boot/vmlinuz root=/dev/sda1 ro", "root=/dev/sda1 ro"),
      ("root=/dev/sda1 BOOT_IMAGE=/boot/vmlinuz ro", "root=/dev/sda1 ro"),
      ("root=/dev/sda1 BOOT_IMAGE=/boot/vmlinuz", "root=/dev/sda1"),
      ("BOOT_IMAGE=a BOOT_IMAGE=b x", "x"),
      ("BOOT_IMAGE=a", ""),
      (#"BOOT_IMAGE="/with space" x"#, "x"),
      (#""BOOT_IMAGE=/with space" x"#, "x"),
      // The order, repetitions and spaces of other words are kept.
      (
        "pci=a  pci=b BOOT_IMAGE=x console=ttyS0, 38400n8 pci=a",
        "pci=a  pci=b console=ttyS0, 38400n8 pci=a"
      ),
      ("XBOOT_IMAGE=1 BOOT_IMAGEX=2", "XBOOT_IMAGE=1 BOOT_IMAGEX=2"),
      // Words for init are kept.
      ("BOOT_IMAGE=a x -- BOOT_IMAGE=b", "x -- BOOT_IMAGE=b"),
      ("x -- y", "x -- y"),
      // Only the word and one space are removed, at the beginning, inside, at the end, and if it is
      // alone.
      ("BOOT_IMAGE=a ro splash  ", "ro splash  "), ("  x  BOOT_IMAGE=a  y  ", "  x   y  "),
      ("BOOT_IMAGE=a  x", " x"), ("x  BOOT_IMAGE=a", "x "), (" BOOT_IMAGE=a", ""),
      ("BOOT_IMAGE=a ", ""), ("x BOOT_IMAGE=a BOOT_IMAGE=b", "x"),
      ("\tx\tBOOT_IMAGE=a\ty\t", "\tx\ty\t"),
      ("x BOOT_IMAGE=a ", "x "), ("BOOT_IMAGE=a -- y ", "-- y "), ("", ""), ("   ", "   "),
    ])
  func removesParameter(text: String, wanted: String) {
    #expect(KernelCommandLine(text).removing(["BOOT_IMAGE"]).text == wanted)
  }

  /// The contents of /proc/cmdline, and the command line in it: all but the newline that the kernel
  /// adds.
  @Test(
    "/proc/cmdline is read byte for byte except for its final newline",
    arguments: [
      ("ro splash\n", "ro splash"), ("ro splash  \n", "ro splash  "), ("  ro\t\n", "  ro\t"),
      ("ro\n\n", "ro\n"), ("ro\r\n", "ro\r"), ("ro ", "ro "), ("\n", ""), (" \n", " "), ("", ""),
    ])
  func readsLineByteForByte(file: String, wanted: String) {
    #expect(machine(running: file).commandLine.text.utf8.elementsEqual(wanted.utf8))
  }

  /// The user's parameters are for the kernel. One space is put before them, and nothing else
  /// changes.
  @Test(
    "Appended words go in front of -- with one space, and may bring their own --",
    arguments: [
      ("", "w", "w"), ("", "", ""), ("a", "", "a"), ("a", "w", "a w"), ("a  ", "w", "a   w"),
      ("a", " w ", "a  w "), ("a", "w x", "a w x"),
      ("root=x -- single", "crashkernel=256M", "root=x crashkernel=256M -- single"),
      ("root=x  --  single  ", "w", "root=x  w --  single  "), ("-- single", "w", "w -- single"),
      ("a --", "w", "a w --"), ("a -- b -- c", "w", "a w -- b -- c"),
      // Parameters that are meant for init.
      ("a", "w -- single", "a w -- single"), ("a -- b", "w -- c", "a w -- b c"),
      ("a -- b", "-- c", "a -- b c"), ("a -- b", "w --", "a w -- b"),
      // Not a separator: -- as a part of a word, or in quotes.
      ("a=-- b", "w", "a=-- b w"), (#"a="x -- y""#, "w", #"a="x -- y" w"#),
      (#"a "--" b"#, "w", #"a "--" b w"#),
      // Unclosed quotes.
      (#"a="x -- y"#, "w", #"a="x -- y w"#), ("a -- b", #"w="x"#, #"a -- b w="x"#),
    ])
  func appendsBeforeDoubleDash(text: String, words: String, wanted: String) {
    #expect(KernelCommandLine(text).appending(words).text == wanted)
  }

  @Test("Several parameters are removed at the same time")
  func removesSeveralNames() {
    let line = KernelCommandLine("BOOT_IMAGE=a crashkernel=1G,high x crashkernel=64M,low")
    #expect(line.removing(["BOOT_IMAGE", "crashkernel"]).text == "x")
  }

  @Test(
    "An added parameter stands in front of -- and in front of an open quote",
    arguments: [
      ("", "w"), ("quiet", "quiet w"), ("quiet -- single", "quiet w -- single"),
      ("a=\"b c\"", "a=\"b c\" w"), ("a=\"b", "w a=\"b"), ("a=\"b -- c", "w a=\"b -- c"),
    ])
  func addsBeforeDoubleDashOrOpenQuote(text: String, wanted: String) {
    let line = KernelCommandLine(text).adding("w")
    #expect(line.text == wanted)
    #expect(line.kernelWords.contains("w"))
  }
}
