import Foundation
import Glibc
import Synchronization

/// One serial port of a virtual machine: a unix socket to which QEMU connects.
final class SerialPort: Sendable {
  let path: String
  let transcript: Transcript
  private let listener: Int32
  private let connection = Mutex<Connection?>(nil)

  /// Listens at `path`. A thread reads into `transcript` until the machine ends.
  init(path: String, transcript: Transcript) throws {
    self.path = path
    self.transcript = transcript
    listener = try Self.listen(at: path)
    let reader = Thread { [self] in read() }
    reader.name = "serial port"
    reader.start()
  }

  /// Sends `text` to the machine.
  func write(_ text: String) throws {
    guard let connection = connection.withLock({ $0 }) else { throw MachineGone() }
    // Keeps the connection open until `send` has returned: otherwise it could be closed after its
    // descriptor was read.
    try withExtendedLifetime(connection) {
      var bytes = Array(text.utf8)[...]
      while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes {
          send(connection.descriptor, $0.baseAddress, $0.count, flags)
        }
        guard count > 0 else { throw MachineGone() }
        bytes = bytes.dropFirst(count)
      }
    }
  }

  /// The connection to QEMU. It is closed only when nobody uses it any more: the reader may see the
  /// end of the machine while another thread still writes, and the number of a closed descriptor
  /// may by then belong to another machine.
  private final class Connection: Sendable {
    let descriptor: Int32

    init(_ descriptor: Int32) {
      self.descriptor = descriptor
    }

    deinit {
      Glibc.close(descriptor)
    }
  }

  /// No SIGPIPE: a machine that ended must not end the lab.
  private var flags: Int32 { Int32(truncatingIfNeeded: MSG_NOSIGNAL) }

  private func read() {
    defer {
      Glibc.close(listener)
      unlink(path)
      transcript.close()
    }
    var wait = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
    guard poll(&wait, 1, 600_000) == 1 else { return }
    // The descriptor must not be inherited by machines that are started later.
    let descriptor = accept(listener, nil, nil)
    guard descriptor >= 0 else { return }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    let machine = Connection(descriptor)
    connection.withLock { $0 = machine }

    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = Glibc.read(machine.descriptor, &buffer, buffer.count)
      guard count > 0 else { break }
      transcript.append(buffer[..<count])
    }
    connection.withLock { $0 = nil }
  }

  private static func listen(at path: String) throws -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw Failure("the path of a socket is too long: \(path)")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }

    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    unlink(path)
    let bound = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard descriptor >= 0, bound == 0, Glibc.listen(descriptor, 1) == 0 else {
      throw Failure("cannot listen at \(path): \(String(cString: strerror(errno)))")
    }
    return descriptor
  }
}
