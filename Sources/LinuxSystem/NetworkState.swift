internal import ByteCoding
internal import CLibrary

/// What an interface loses when it is taken down: routes and IPv6 addresses.
package struct NetworkState: Equatable, Sendable {
  /// Each of them as `ip` writes it, such as `default via 10.0.2.2 dev eth0` and `fd00::5/64 dev eth0`.
  package let entries: [String]

  /// What `/proc/net/route`, `/proc/net/if_inet6` and `/proc/net/ipv6_route` have in `files`. Of each only
  /// the first 64 KiB are read: a router can have millions of routes.
  package init(in files: FileTree) {
    entries =
      files.rows("/proc/net/route").compactMap(Self.route)
      + files.rows("/proc/net/if_inet6").compactMap(Self.address)
      + files.rows("/proc/net/ipv6_route").compactMap(Self.routeOfIPv6)
  }

  /// The entries of `before` that are missing now.
  package func lost(since before: NetworkState) -> [String] {
    before.entries.filter { !entries.contains($0) }
  }

  /// The command that restarts networking, for the program that manages it according to `files`.
  package static func restart(in files: FileTree) -> String {
    let programs = [
      ("/run/NetworkManager", "systemctl restart NetworkManager"),
      ("/run/systemd/netif", "systemctl restart systemd-networkd"),
      ("/run/wicked", "systemctl restart wicked"), ("/run/connman", "systemctl restart connman"),
      ("/run/openrc", "rc-service networking restart"),
      ("/run/network", "service networking restart"),
    ]
    return programs.first { files.exists($0.0) }?.1 ?? "restart the program that set them up"
  }

  private static let hasGateway: UInt32 = 0x2

  /// `IFACE DESTINATION GATEWAY FLAGS REFCNT USE METRIC MASK …`; numbers of 32 bits in the machine's order.
  private static func route(_ words: [Substring]) -> String? {
    guard words.count > 7, let destination = UInt32(words[1], radix: 16),
      let gateway = UInt32(words[2], radix: 16), let flags = UInt32(words[3], radix: 16),
      let mask = UInt32(words[7], radix: 16)
    else { return nil }
    let length = mask.nonzeroBitCount
    let place = length == 0 ? "default" : "\(text(destination))/\(length)"
    return route(place, (flags & hasGateway) == 0 ? nil : text(gateway), words[0])
  }

  /// `ADDRESS INDEX LENGTH SCOPE FLAGS IFACE`. Link-local addresses come back by themselves.
  private static func address(_ words: [Substring]) -> String? {
    guard words.count == 6, let address = text(words[0]), let length = UInt8(words[2], radix: 16),
      words[3] != "20", words[5] != "lo"
    else { return nil }
    return "\(address)/\(length) dev \(words[5])"
  }

  /// `DESTINATION LENGTH SOURCE LENGTH GATEWAY METRIC REFCNT USE FLAGS IFACE`. Routes without a gateway
  /// belong to an address.
  private static func routeOfIPv6(_ words: [Substring]) -> String? {
    guard words.count == 10, let destination = text(words[0]),
      let length = UInt8(words[1], radix: 16), let gateway = text(words[4]),
      let flags = UInt32(words[8], radix: 16), (flags & hasGateway) != 0
    else { return nil }
    return route(length == 0 ? "default" : "\(destination)/\(length)", gateway, words[9])
  }

  private static func route(
    _ place: String, _ gateway: String?, _ interface: Substring
  ) -> String {
    place + (gateway.map { " via \($0)" } ?? "") + " dev \(interface)"
  }

  private static func text(_ address: UInt32) -> String {
    (0..<4).map { String((address >> (8 * $0)) & 0xFF) }.joined(separator: ".")
  }

  /// The text of an IPv6 address, given as 32 digits.
  private static func text(_ digits: Substring) -> String? {
    let digits = Array(digits.utf8)
    guard digits.count == 32 else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: 32, by: 2) {
      let pair = String(decoding: digits[index...(index + 1)], as: UTF8.self)
      guard let byte = UInt8(pair, radix: 16) else { return nil }
      bytes.append(byte)
    }
    var text = [CChar](repeating: 0, count: 64)
    guard unsafe inet_ntop(AF_INET6, bytes, &text, 64) != nil else { return nil }
    return unsafe String(lossless: &text)
  }
}

extension FileTree {
  /// The words of each line at the start of a file.
  fileprivate func rows(_ path: String) -> [[Substring]] {
    let limit = Int.kibibytes(64)
    guard let bytes = try? read(path, atMost: limit) else { return [] }
    var lines = String(lossless: bytes).split(separator: "\n")
    // The last one may be cut off.
    if bytes.count == limit { lines.removeLast() }
    return lines.map { $0.split(whereSeparator: { $0.isASCIIWhitespace }) }
  }
}
