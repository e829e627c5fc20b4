import Foundation
import Glibc
import Synchronization
import Testing

@testable import LabKit

/// A serial port of a machine that ends while somebody still writes to it.
@Suite struct SerialPortTests {
  /// The number of a closed descriptor is that of the next that is opened: of another machine's port.
  @Test("A serial port stays open until the writer has finished and is closed afterwards")
  func portStaysOpenWhileWriting() async throws {
    let path = FileManager.default.temporaryDirectory.path + "/kexec-lab-\(getpid())"
    let before = openFiles
    let transcript = Transcript(meter: CPUMeter())
    let port = try SerialPort(path: path, transcript: transcript)
    let machine = try #require(FileHandle.connect(to: path))
    while (try? port.write("@")) == nil { usleep(100) }
    let socket = try #require(
      openFiles.first { file in
        file.key != machine.fileDescriptor && before[file.key] == nil
          && isConnected(file.key)
      })

    // More than a socket keeps: the writer waits in the middle of it.
    let isWritten = Mutex(false)
    let writer = Thread {
      try? port.write(String(repeating: "x", count: 4 << 20))
      isWritten.withLock { $0 = true }
    }
    writer.start()
    var part = [UInt8](repeating: 0, count: 1000)
    while part[0] != UInt8(ascii: "x") {
      try #require(recv(machine.fileDescriptor, &part, part.count, 0) > 0)
    }
    // The machine says nothing more: the reader is done.
    shutdown(machine.fileDescriptor, Int32(SHUT_WR))
    await #expect(throws: MachineGone.self) {
      _ = try await transcript.firstLine(from: 0, until: .now + .seconds(600)) { _ in false }
    }
    #expect(!isWritten.withLock { $0 })
    #expect(openFiles[socket.key] == socket.value, "closed under the writer's hands")

    while !isWritten.withLock({ $0 }) {
      _ = recv(machine.fileDescriptor, &part, part.count, Int32(truncatingIfNeeded: MSG_DONTWAIT))
    }
    #expect(throws: MachineGone.self) { try port.write("x") }
    #expect(openFiles[socket.key] != socket.value, "never closed")
  }

  /// What this process has open: links of /proc/self/fd.
  private var openFiles: [Int32: String] {
    let directory = "/proc/self/fd"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.reduce(into: [:]) { files, name in
      guard let number = Int32(name) else { return }
      files[number] = try? FileManager.default.destinationOfSymbolicLink(
        atPath: "\(directory)/\(name)")
    }
  }

  /// Whether it is one end of a connection.
  private func isConnected(_ number: Int32) -> Bool {
    var address = sockaddr_un()
    var size = socklen_t(MemoryLayout<sockaddr_un>.size)
    return withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(number, $0, &size) == 0 }
    }
  }
}
