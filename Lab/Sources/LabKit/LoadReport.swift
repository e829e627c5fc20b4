import Foundation

/// The output of `kexec --dry-run --json`, as far as scenarios need it.
public struct LoadReport: Decodable, Sendable {
  /// A segment of the next kernel and its physical addresses.
  public struct Segment: Decodable, Sendable {
    let role: String
    let start: UInt64
    let bytes: UInt64
    let size: UInt64

    /// The address of the first byte, in hexadecimal without a prefix.
    public var firstByte: String { String(format: "%08lx", start) }
    /// The address of the last byte of the last page: kernels round an initrd up to whole pages.
    public var lastByte: String {
      String(format: "%08lx", (start + bytes + 4095) / 4096 * 4096 - 1)
    }
  }

  /// A note about the plan.
  public struct Note: Decodable, Sendable {
    let code: String
    let reasonCode: String?
    let text: String

    /// Whether the note has that code, and its sentence contains `subject`. After a dot, the code
    /// may give the reason: "ordinaryEntry.switchedOff".
    func isOf(_ code: String, about subject: String) -> Bool {
      let names = [self.code, "\(self.code).\(reasonCode ?? "")"]
      return names.contains(code) && (subject.isEmpty || text.contains(subject))
    }
  }

  /// The name of the system call that would be used.
  public let systemCall: String
  /// The distance by which the kernel was moved to a random virtual address; nil if none was drawn.
  public let virtualShift: UInt64?
  private let segments: [Segment]?

  /// Parses a report.
  public init(_ json: String) throws {
    self = try JSONDecoder().decode(LoadReport.self, from: Data(json.utf8))
  }

  /// The memory that all segments take, in bytes.
  public var byteCount: UInt64 { (segments ?? []).reduce(0) { $0 + $1.size } }

  /// The notes about the plan; nil for programs older than schema 1.
  public let noteCodes: [Note]?

  /// Whether no segment contains the byte at `address`.
  public func isFree(_ address: UInt64) -> Bool {
    !(segments ?? []).contains { $0.start <= address && address < $0.start + $0.size }
  }

  /// Whether there are segments, and all of them are in `range`.
  public func lies(in range: ClosedRange<UInt64>) -> Bool {
    guard let segments, !segments.isEmpty else { return false }
    return segments.allSatisfy {
      range.contains($0.start) && $0.start + $0.size - 1 <= range.upperBound
    }
  }

  /// The planned addresses of the kernel: its first segment contains its code.
  public var place: KernelPlace {
    get throws {
      KernelPlace(
        text: KernelPlace.linked &+ (virtualShift ?? 0), code: try segment("kernel").start)
    }
  }

  /// The segment with this role.
  public func segment(_ role: String) throws -> Segment {
    guard let segment = segments?.first(where: { $0.role == role }) else {
      throw Failure("the plan has no segment for the \(role)")
    }
    return segment
  }
}

/// The output of `kexec --report --json`. Times are in nanoseconds.
public struct JumpReport: Decodable, Sendable {
  /// From the purgatory's start to the end of its checks.
  public let check: UInt64
  /// From there to the next kernel's start.
  public let kernelStart: UInt64
  /// From there to init.
  public let kernelToInit: UInt64?

  private enum CodingKeys: String, CodingKey {
    case check = "checkNanoseconds"
    case kernelStart = "kernelStartNanoseconds"
    case kernelToInit = "kernelToInitNanoseconds"
  }

  /// Parses a report.
  public init(_ json: String) throws {
    self = try JSONDecoder().decode(JumpReport.self, from: Data(json.utf8))
  }
}
