internal import LinuxSystem
internal import RunningSystem

// Network interfaces are taken down before the jump, and brought up again if the jump fails.

extension Command {
  /// The interfaces that were taken down, and the state of the network before.
  struct DownedNetwork {
    fileprivate let before: NetworkState
    fileprivate let interfaces: NetworkInterfaces.Outcome
  }

  /// Takes the network interfaces down, unless the kernel in `record` can return.
  ///
  /// - Returns: nil if they stay up.
  func takeNetworkDown(_ state: KexecState, _ record: LoadRecord?) -> DownedNetwork? {
    // A kernel that returns must leave everything as it was.
    guard invocation.takesInterfacesDown, record?.returns != true else { return nil }
    guard state.isLoaded != nil || record != nil else {
      // Maybe nothing is loaded: do not interrupt the network for a jump that will fail.
      warn("without /sys it is unknown if a kernel is loaded: network interfaces stay up")
      return nil
    }
    let before = NetworkState(in: kernel.files)
    let interfaces = kernel.network.takeDown(in: kernel.files)
    interfaces.taken.forEach { debug("\($0.name): taken down") }
    interfaces.failures.forEach {
      warn("\($0.name): cannot take the interface down: \($0.errno.message)")
    }
    return DownedNetwork(before: before, interfaces: interfaces)
  }

  /// Brings the interfaces up again, and reports addresses and routes that are lost.
  func bringUp(_ network: DownedNetwork) {
    for failure in kernel.network.bringUp(network.interfaces) {
      warn("\(failure.name): cannot bring the interface up again: \(failure.errno.message)")
    }
    let lost = NetworkState(in: kernel.files).lost(since: network.before)
    guard !lost.isEmpty else { return }
    let names = lost.prefix(6).joined(separator: ", ")
    let rest = lost.count > 6 ? " and \(lost.count - 6) more" : ""
    warn(
      "the interfaces are up again, but these are lost: \(names)\(rest)\n"
        + "  to restore them: \(NetworkState.restart(in: kernel.files))")
  }
}
