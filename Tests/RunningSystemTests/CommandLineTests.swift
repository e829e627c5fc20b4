import RunningSystem
import Testing

@Suite struct CommandLineTests {
  @Test(arguments: [
    ("", []),
    ("  ", []),
    ("quiet", ["quiet"]),
    (" a  b\tc\n", ["a", "b", "c"]),
    (
      #"dyndbg="file a.c +p; file b.c +p" quiet"#, [#"dyndbg="file a.c +p; file b.c +p""#, "quiet"]
    ),
    (#""name=with blank" x"#, [#""name=with blank""#, "x"]),
    (#"a="never closed b"#, [#"a="never closed b"#]),
    (#"a"b c"d"#, [#"a"b c"d"#]),
  ])
  func words(text: String, wanted: [String]) {
    #expect(KernelCommandLine(text).words.map(String.init) == wanted)
  }

  @Test(arguments: [
    ("console=tty0 console=ttyS0", "console", "ttyS0"),  // the last counts
    ("no5lvl", "no5lvl", ""),
    ("no5lvlx xno5lvl", "no5lvl", nil),
    ("a -- b=1", "b", nil),  // behind -- it is for init
    ("a=1 -- a=2", "a", "1"),
    ("--x=1 y=2", "y", "2"),
    ("x=", "x", ""),
    ("x=a=b", "x", "a=b"),
    ("", "x", nil),
  ])
  func value(text: String, name: String, wanted: String?) {
    #expect(KernelCommandLine(text).value(of: name).map(String.init) == wanted)
  }

  @Test(arguments: [
    ("BOOT_IMAGE=/boot/vmlinuz root=/dev/sda1 ro", "root=/dev/sda1 ro"),
    ("root=/dev/sda1 BOOT_IMAGE=/boot/vmlinuz ro", "root=/dev/sda1 ro"),
    ("root=/dev/sda1 BOOT_IMAGE=/boot/vmlinuz", "root=/dev/sda1"),
    ("BOOT_IMAGE=a BOOT_IMAGE=b x", "x"),
    ("BOOT_IMAGE=a", ""),
    (#"BOOT_IMAGE="/with blank" x"#, "x"),
    (#""BOOT_IMAGE=/with blank" x"#, "x"),
    // Order, repeats and blanks of the others survive.
    (
      "pci=a  pci=b BOOT_IMAGE=x console=ttyS0, 38400n8 pci=a",
      "pci=a  pci=b console=ttyS0, 38400n8 pci=a"
    ),
    ("XBOOT_IMAGE=1 BOOT_IMAGEX=2", "XBOOT_IMAGE=1 BOOT_IMAGEX=2"),
    // Not what is for init.
    ("BOOT_IMAGE=a x -- BOOT_IMAGE=b", "x -- BOOT_IMAGE=b"),
    ("x -- y", "x -- y"),
  ])
  func removing(text: String, wanted: String) {
    #expect(KernelCommandLine(text).removing(["BOOT_IMAGE"]).text == wanted)
  }

  @Test func removesSeveralNames() {
    let line = KernelCommandLine("BOOT_IMAGE=a crashkernel=1G,high x crashkernel=64M,low")
    #expect(line.removing(["BOOT_IMAGE", "crashkernel"]).text == "x")
  }

  @Test(
    arguments: [
      ("", "w"), ("quiet", "quiet w"), ("quiet -- single", "quiet w -- single"),
      ("a=\"b c\"", "a=\"b c\" w"), ("a=\"b", "w a=\"b"), ("a=\"b -- c", "w a=\"b -- c"),
    ])
  func adding(text: String, wanted: String) {
    let line = KernelCommandLine(text).adding("w")
    #expect(line.text == wanted)
    #expect(line.kernelWords.contains("w"))
  }
}
