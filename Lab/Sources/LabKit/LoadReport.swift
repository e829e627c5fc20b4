import Foundation

/// What `kexec --dry-run --json` says, as far as scenarios ask.
public struct LoadReport: Decodable, Sendable {
  /// A segment of the next kernel and its place in physical memory.
  public struct Segment: Decodable, Sendable {
    let role: String
    let start: UInt64
    let bytes: UInt64
    let size: UInt64

    /// The address of the first byte, in hexadecimal without a prefix.
    public var firstByte: String { String(format: "%08lx", start) }
    /// The address of the last page's last byte: kernels round an initrd up to whole pages.
    public var lastByte: String {
      String(format: "%08lx", (start + bytes + 4095) / 4096 * 4096 - 1)
    }
  }

  /// A remark on the plan.
  public struct Note: Decodable, Sendable {
    let code: String
    let reasonCode: String?
    let text: String

    /// Whether it is of that code, and its sentence names `subject`. Behind a point the code may name the
    /// reason that the note gives: "ordinaryEntry.switchedOff".
    func isOf(_ code: String, about subject: String) -> Bool {
      let names = [self.code, "\(self.code).\(reasonCode ?? "")"]
      return names.contains(code) && (subject.isEmpty || text.contains(subject))
    }
  }

  /// The name of the system call that would be used.
  public let systemCall: String
  /// By how much the kernel was moved from its virtual address at random; nil when nobody drew.
  public let virtualShift: UInt64?
  private let segments: [Segment]?

  /// Reads a report.
  public init(_ json: String) throws {
    self = try JSONDecoder().decode(LoadReport.self, from: Data(json.utf8))
  }

  /// Bytes of memory of all segments.
  public var byteCount: UInt64 { (segments ?? []).reduce(0) { $0 + $1.size } }

  /// What the plan remarks; nil from programs of before schema 1.
  public let noteCodes: [Note]?

  /// Whether the byte at `address` belongs to no segment.
  public func isFree(_ address: UInt64) -> Bool {
    !(segments ?? []).contains { $0.start <= address && address < $0.start + $0.size }
  }

  /// Whether there are segments, and all of their bytes are in `range`.
  public func lies(in range: ClosedRange<UInt64>) -> Bool {
    guard let segments, !segments.isEmpty else { return false }
    return segments.allSatisfy {
      range.contains($0.start) && $0.start + $0.size - 1 <= range.upperBound
    }
  }

  /// Where the kernel is to run: its first segment holds its code.
  public var place: KernelPlace {
    get throws {
      KernelPlace(
        text: KernelPlace.linked &+ (virtualShift ?? 0), code: try segment("kernel").start)
    }
  }

  /// The segment with that role.
  public func segment(_ role: String) throws -> Segment {
    guard let segment = segments?.first(where: { $0.role == role }) else {
      throw Failure("the plan has no segment for the \(role)")
    }
    return segment
  }
}

/// What `kexec --report --json` says.
public struct JumpReport: Decodable, Sendable {
  /// Nanoseconds that the purgatory checked the segments.
  public let check: UInt64
  /// Nanoseconds from there to the next kernel's first moment.
  public let kernelStart: UInt64
  /// Nanoseconds from there to init.
  public let kernelToInit: UInt64?

  private enum CodingKeys: String, CodingKey {
    case check = "checkNanoseconds"
    case kernelStart = "kernelStartNanoseconds"
    case kernelToInit = "kernelToInitNanoseconds"
  }

  /// Reads a report.
  public init(_ json: String) throws {
    self = try JSONDecoder().decode(JumpReport.self, from: Data(json.utf8))
  }
}
