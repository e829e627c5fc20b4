import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

@Suite struct NetworkInterfacesTests {
  /// eth0 and eth2 are up, eth1 is down. Of the others, two refuse, and two no longer exist when
  /// they are used.
  private final class Fake {
    var flags: [String: Int32] = [
      "eth0": Int32(IFF_UP | IFF_BROADCAST), "eth1": Int32(IFF_BROADCAST),
      "eth2": Int32(IFF_UP | IFF_RUNNING), "lo": Int32(IFF_UP | IFF_LOOPBACK),
      "stuck": Int32(IFF_UP), "leaving": Int32(IFF_UP),
    ]

    var calls: NetworkInterfaces.Calls {
      .init { name in
        if name == "secret" { return .failure(.notPermitted) }
        return self.flags[name].map { .success($0) } ?? .failure(.noDevice)
      } setFlags: { name, flags in
        if name == "stuck" { return .busy }
        if name == "leaving" { return .noDevice }
        self.flags[name] = flags
        return nil
      }
    }
  }

  @Test("Taking interfaces down tries all but loopback, names failures and can be undone")
  func takesDownAllInterfacesAndUndoesIt() {
    let fake = Fake()
    let before = fake.flags
    let outcome = NetworkInterfaces.takeDown(
      ["bonding_masters", "eth0", "eth1", "secret", "stuck", "leaving", "lo", "eth2"], fake.calls)
    #expect(outcome.failures.map(\.name) == ["secret", "stuck"])
    #expect(outcome.failures.map(\.errno) == [.notPermitted, .busy])
    #expect(fake.flags["eth0"] == Int32(IFF_BROADCAST))
    #expect(fake.flags["eth1"] == Int32(IFF_BROADCAST))
    #expect(fake.flags["eth2"] == Int32(IFF_RUNNING))
    #expect(fake.flags["lo"] == Int32(IFF_UP | IFF_LOOPBACK))

    #expect(outcome.taken.map(\.name) == ["eth0", "eth2"])
    #expect(NetworkInterfaces.bringUp(outcome, fake.calls).isEmpty)
    #expect(fake.flags == before)
  }

  @Test("Interface names come from /sys/class/net, or from /proc/net/dev without it")
  func namesComeFromSysOrFromProc() {
    let table = """
      Inter-|   Receive                                                |  Transmit
       face |bytes    packets errs drop fifo frame compressed multicast|bytes
          lo:     840      10    0    0    0     0          0         0      840
      eth0:1:      0       0    0    0    0     0          0         0        0
      """
    let both = TemporaryTree(["/proc/net/dev": table, "/sys/class/net/eth5/flags": "0x1003"])
    #expect(NetworkInterfaces.names(in: FileTree(root: both.path)) == ["eth5"])
    let one = TemporaryTree(["/proc/net/dev": table])
    #expect(NetworkInterfaces.names(in: FileTree(root: one.path)) == ["lo", "eth0:1"])
    #expect(NetworkInterfaces.names(in: FileTree(root: TemporaryTree([:]).path)) == [])
  }
}
