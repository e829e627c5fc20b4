import Foundation
import Glibc

extension FileHandle {
  /// Connects to the unix socket at `path`; nil if that fails.
  static func connect(to path: String) -> FileHandle? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else {
      Glibc.close(descriptor)
      return nil
    }
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// Reads what is available without waiting.
  ///
  /// - Throws: `MachineGone` if the other end is closed, and nothing is left to read.
  func readAvailable() throws -> Data {
    var data = Data()
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = recv(
        fileDescriptor, &buffer, buffer.count, Int32(truncatingIfNeeded: MSG_DONTWAIT))
      if count == 0, data.isEmpty { throw MachineGone() }
      guard count > 0 else { return data }
      data.append(contentsOf: buffer[..<count])
    }
  }
}
