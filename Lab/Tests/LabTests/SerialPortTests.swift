import Foundation
import Glibc
import Synchronization
import Testing

@testable import LabKit

/// A serial port of a machine that ends while somebody still writes to it.
@Suite struct SerialPortTests {
  /// The number of a closed descriptor is that of the next that is opened: of another machine's port.
  @Test func whatIsWrittenToAMachineThatEndsReachesNoOther() throws {
    let folder = FileManager.default.temporaryDirectory.path + "/kexec-lab-\(getpid())"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // More than a socket keeps: the writer waits in the middle of it.
    let text = String(repeating: "x", count: 4 << 20)
    for round in 0..<100 {
      let path = "\(folder)/\(round)"
      let port = try SerialPort(path: path, transcript: Transcript(meter: CPUMeter()))
      let machine = try #require(FileHandle.connect(to: path))
      while (try? port.write("@")) == nil { usleep(100) }

      let isWritten = Mutex(false)
      let writer = Thread {
        try? port.write(text)
        isWritten.withLock { $0 = true }
      }
      writer.start()
      var part = [UInt8](repeating: 0, count: 100_000)
      while recv(machine.fileDescriptor, &part, part.count, 0) > 1000 { break }
      // Only this end: the number stays taken until the port lets go of its own.
      shutdown(machine.fileDescriptor, Int32(SHUT_RDWR))

      var others: [Int32] = []
      while !isWritten.withLock({ $0 }) {
        var pair: [Int32] = [0, 0]
        guard others.count < 200,
          socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0
        else { continue }
        others += pair
      }
      for other in others {
        #expect(recv(other, &part, part.count, Int32(truncatingIfNeeded: MSG_DONTWAIT)) <= 0)
        close(other)
      }
      try machine.close()
    }
  }
}
