import Testing

@testable import CrashLogs

/// On how many processors a kernel ran, by its log.
struct ProcessorCountTests {
  private static let smp = "smp: Brought up 1 node, 2 CPUs"
  private static let offline = "smpboot: CPU 1 is now offline"
  private static let online = "smpboot: Booting Node 0 Processor 1 APIC 0x1"

  private static let logs: [(String, Int?)] = [
    (smp, 2), ("smp: Brought up 1 node, 1 CPU", 1), ("smp: Brought up 8 nodes, 1792 CPUs", 1792),
    ("x86: Booted up 2 nodes, 64 CPUs", 64), ("Brought up 16 CPUs", 16),
    ("\(smp)\n\(offline)", 1), ("\(smp)\n\(offline)\n\(online)", 2),
    // What the log does not say is not known, nor what cannot be.
    ("Linux version 6.1.0", nil), (offline, nil), (online, nil),
    ("\(smp)\n\(offline)\n\(offline)", nil), ("smp: Brought up 1 node, 0 CPUs", nil),
    ("smp: Brought up 1 node, 99999999 CPUs", nil), ("smp: Brought up 1 node, 2 pages", nil),
    ("smp: Brought up 1 node", nil), ("(XEN) Brought up 4 CPUs", nil),
    // Other lines of the same subsystem change nothing.
    ("\(smp)\nsmpboot: Total of 2 processors activated (10363.18 BogoMIPS)", 2),
    ("\(smp)\nsmpboot: CPU 1 Converting physical 0 to logical die 0", 2),
    // A crash kernel that followed on the console has its own number.
    ("\(smp)\nKernel panic - not syncing: a\nLinux version 6.12\nsmp: Brought up 1 node, 1 CPU", 2),
  ]

  @Test("The log's lines about starting and stopping processors are counted", arguments: logs)
  func counts(_ log: String, _ wanted: Int?) {
    #expect(CrashHeadline(log: Array(log.utf8)).processors == wanted)
  }
}
