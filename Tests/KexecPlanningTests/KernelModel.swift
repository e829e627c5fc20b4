import ByteCoding
import Compression

/// A file in an initrd, as the kernel would unpack it.
struct Member: Equatable, CustomStringConvertible {
  let name: String
  let content: [UInt8]

  init(_ name: String, _ content: [UInt8]) {
    self.name = name
    self.content = content
  }

  var description: String { "\(name) (\(content.count))" }

  /// Stands for the point at which the kernel reports an error and stops.
  static let complaint = Member("(what follows is not understood)", [])
}

/// A model of how a kernel reads an initrd, by
/// Documentation/driver-api/early-userspace/buffer-format.rst: archives at multiples of four bytes,
/// compressed ones, and zeros between them.
enum KernelModel {
  /// The files in `initrd` up to the first error.
  static func members(of initrd: [UInt8]) -> [Member] {
    var members: [Member] = []
    var offset = 0
    while offset < initrd.count {
      if initrd[offset] == 0 {
        offset += 1
      } else if initrd[offset] == UInt8(ascii: "0"), offset % 4 == 0 {
        guard let next = readArchive(initrd, offset, &members) else {
          return members + [.complaint]
        }
        offset = next
      } else {
        let rest = SharedBytes(Array(initrd[offset...]))
        guard let format = CompressionFormat.recognise(rest.span),
          let unpacked = try? decompress(rest, as: format, limit: 1 << 24)
        else { return members + [.complaint] }
        members += Self.members(of: unpacked.bytes.array)
        offset += unpacked.consumed
      }
    }
    return members
  }

  /// The files in a directory `kernel` that the kernel finds before it unpacks anything: in
  /// archives before the first compressed one.
  static func earlyNames(in initrd: [UInt8]) -> [String] {
    var members: [Member] = []
    var offset = 0
    while offset < initrd.count {
      if initrd[offset] == 0 {
        offset += 1
      } else if offset % 4 == 0, let next = readArchive(initrd, offset, &members) {
        offset = next
      } else {
        break
      }
    }
    return members.map(\.name).filter { $0.hasPrefix("kernel/") }
  }

  /// Several files joined like a loader does it.
  static func joined(_ files: [[UInt8]]) -> [UInt8] {
    files.reduce(into: []) { all, file in
      all += [UInt8](repeating: 0, count: -all.count & 3) + file
    }
  }

  /// Reads the members from `start` to the trailer; nil if the archive is invalid.
  private static func readArchive(
    _ bytes: [UInt8], _ start: Int, _ members: inout [Member]
  ) -> Int? {
    var offset = start
    while offset + 110 <= bytes.count {
      let header = String(decoding: bytes[offset..<(offset + 110)], as: UTF8.self)
      let fields = stride(from: 6, to: 110, by: 8).map { place in
        UInt32(header.dropFirst(place).prefix(8), radix: 16).map(Int.init)
      }
      guard header.hasPrefix("070701"), let size = fields[6], let nameSize = fields[11],
        nameSize > 0
      else { return nil }
      let name = offset + 110
      let data = (name + nameSize + 3) & ~3
      guard data + size <= bytes.count else { return nil }
      let text = String(decoding: bytes[name..<(name + nameSize - 1)], as: UTF8.self)
      offset = (data + size + 3) & ~3
      if text == "TRAILER!!!" { return min(offset, bytes.count) }
      members.append(Member(text, Array(bytes[data..<(data + size)])))
    }
    return nil
  }
}
