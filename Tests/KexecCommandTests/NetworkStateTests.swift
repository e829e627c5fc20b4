import TestSupport
import Testing

@testable import KexecCommand
@testable import LinuxSystem

/// What is lost when an interface is taken down, and is not restored when it comes up.
@Suite struct NetworkStateTests {
  private static let routes = """
    Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
    eth0\t00000000\t0202000A\t0003\t0\t0\t100\t00000000\t0\t0\t0
    eth0\t0002000A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
    eth1\t000010AC\t0102000A\t0003\t0\t0\t0\t0000F0FF\t0\t0\t0
    """
  private static let addresses = """
    00000000000000000000000000000001 01 80 10 80       lo
    fd000000000000000000000000000005 02 40 00 80     eth0
    fe80000000000000505400fffe123456 02 40 20 80     eth0
    """
  private static let routes6 = """
    fd000000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
    00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0
    00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
    """
  private static let files = [
    "/proc/net/route": routes, "/proc/net/if_inet6": addresses, "/proc/net/ipv6_route": routes6,
  ]

  private func state(_ files: [String: String]) -> NetworkState {
    let tree = TemporaryTree(files)
    return withExtendedLifetime(tree) { NetworkState(in: FileTree(root: tree.path)) }
  }

  @Test("Routes and addresses are written as the ip command writes them")
  func writesRoutesLikeTheIpCommand() {
    #expect(
      state(Self.files).entries == [
        "default via 10.0.2.2 dev eth0", "10.0.2.0/24 dev eth0",
        "172.16.0.0/12 via 10.0.2.1 dev eth1", "fd00::5/64 dev eth0",
        "default via fe80::1 dev eth0",
      ])
    #expect(state([:]).entries.isEmpty)
    let junk = ["/proc/net/route": "eth0 x y\n", "/proc/net/if_inet6": "1 2\n"]
    #expect(state(junk).entries.isEmpty)
  }

  @Test("Only the first 64 KiB of a long route table are read")
  func readsOnlyStartOfALongRouteTable() {
    let line = "eth0\t00000000\t0202000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
    let many = state(["/proc/net/route": String(repeating: line, count: 9999)]).entries
    #expect(many.count == 65536 / line.utf8.count)
  }

  @Test(
    "The advice for a lost network names the restart command of its manager",
    arguments: [
      ("/run/NetworkManager/x", "systemctl restart NetworkManager"),
      ("/run/systemd/netif/state", "systemctl restart systemd-networkd"),
      ("/run/network/ifstate", "service networking restart"),
      ("/run/wicked/x", "systemctl restart wicked"),
      ("/run/openrc/x", "rc-service networking restart"),
      ("/run/utmp", "restart the program that set them up"),
    ])
  func advisesHowToRestartTheNetwork(file: String, wanted: String) {
    let tree = TemporaryTree([file: ""])
    #expect(NetworkState.restart(in: FileTree(root: tree.path)) == wanted)
    withExtendedLifetime(tree) {}
  }
}

/// In the serialized suite, because getopt_long keeps its position in global variables.
extension InvocationTests {
  @Suite struct LostNetworkTests {
    private static let before =
      "eth0 00000000 0202000A 0003 0 0 100 00000000\neth0 0002000A 00000000 0001 0 0 0 00FFFFFF\n"
    private static let after = "eth0 0002000A 00000000 0001 0 0 0 00FFFFFF\n"

    /// What is there again is not reported.
    @Test(
      "A failed jump warns of lost routes, and only if some are lost",
      arguments: [(after, "default via 10.0.2.2 dev eth0"), (before, nil)] as [(String, String?)])
    func failedJumpWarnsOfLostRoutes(after: String, lost: String?) {
      let kernel = FakeKernel(["/proc/net/route": Array(Self.before.utf8)]) {
        ($0.reboot, $0.interfaces) = (.busy, ["eth0": 0x1003])
        $0.duringReboot = { _ = $0.replace("/proc/net/route", with: after) }
      }
      #expect(kernel.run("-e") == .failure)
      let wanted = lost.map {
        "kexec: warning: the interfaces are up again, but these are lost: \($0)\n"
          + "  to restore them: restart the program that set them up\n"
      }
      #expect(kernel.errors.hasPrefix(wanted ?? "kexec: cannot run"), "\(kernel.errors)")
    }
  }
}
