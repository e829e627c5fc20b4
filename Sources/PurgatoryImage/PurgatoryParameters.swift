internal import CPurgatoryABI

/// The parameters of the purgatory: which kernel it enters, what it checks before, and where it reports.
package struct PurgatoryParameters: Sendable, Equatable {
  /// How the loaded segments are checked.
  package enum Digest: Sendable, Equatable {
    /// Not at all.
    case none
    /// With the 64 bits of komihash over all regions in order, as if they were one message: finds damage, at
    /// the speed of memory.
    case komihash(UInt64)
    /// With the SHA-256 digest, 32 bytes, of all regions in order, as if they were one message.
    case sha256([UInt8])
  }

  /// Loaded bytes that are checked.
  package struct Region: Sendable, Equatable {
    /// Physical address of the first byte.
    package var start: UInt64
    /// How many bytes.
    package var byteCount: UInt64

    /// The `byteCount` bytes from physical address `start` on.
    package init(start: UInt64, byteCount: UInt64) {
      self.start = start
      self.byteCount = byteCount
    }
  }

  /// A 16550 UART.
  package struct SerialConsole: Sendable, Equatable {
    /// Its first I/O port.
    package var port: UInt16
    /// Bits per second; 0 leaves the rate as it is.
    package var baud: UInt32

    /// The UART at I/O port `port`, with its rate set to `baud` unless that is 0.
    package init(port: UInt16, baud: UInt32 = 0) {
      self.port = port
      self.baud = baud
    }
  }

  /// How the next kernel is entered.
  package var entry: Entry
  /// How the regions are checked.
  package var digest: Digest
  /// What is checked: at most `regionLimit` regions, without the purgatory's own segment.
  package var regions: [Region]
  /// The serial port for messages. If it is nil, only failures are reported, on COM1.
  package var serial: SerialConsole?
  /// Whether success is reported on the serial console as well.
  package var greets: Bool
  /// Whether the VGA is put into text mode 3 first.
  package var resetsVGA: Bool
  /// Whether all messages, also that of success, are written to the VGA's text screen too.
  package var usesVGA: Bool

  /// Whether the processor's instructions for SHA-256 are used if it has them.
  package var usesInstructions: Bool
  /// Physical address of `timestampTextSize` bytes where the purgatory writes, after the checks, when it was
  /// entered and when the checks were done: two readings of the time stamp counter of 16 lower-case
  /// hexadecimal digits each, with a comma between them. The text may be in a region.
  package var timestampText: UInt64?
  /// Physical address of `jumpBackTextSize` bytes where the purgatory writes ` kexec_jump_back_entry=` with
  /// the address for returning to the old kernel, if that is possible: behind the parameters on the next
  /// kernel's command line. The text may be in a region.
  package var jumpBackText: UInt64?

  /// Bytes of the text at `timestampText`.
  package static let timestampTextSize = Int(PURGATORY_TIMESTAMP_TEXT_SIZE)

  /// Bytes of the text at `jumpBackText`.
  package static let jumpBackTextSize = Int(PURGATORY_JUMP_BACK_TEXT_SIZE)

  /// The parameters for a jump by `entry`, by default without a check and without messages.
  package init(
    entry: Entry, digest: Digest = .none, regions: [Region] = [],
    serial: SerialConsole? = nil, greets: Bool = false, resetsVGA: Bool = false,
    usesVGA: Bool = false, usesInstructions: Bool = true, timestampText: UInt64? = nil,
    jumpBackText: UInt64? = nil
  ) {
    self.entry = entry
    self.digest = digest
    self.regions = regions
    self.serial = serial
    self.greets = greets
    self.resetsVGA = resetsVGA
    self.usesVGA = usesVGA
    self.usesInstructions = usesInstructions
    self.timestampText = timestampText
    self.jumpBackText = jumpBackText
  }
}
