internal import ByteCoding
internal import KernelImages
package import PhysicalMemory

/// The part of a bzImage that runs in real mode and asks the BIOS what the machine is, with its heap
/// and stack and the command line behind it. Documented in Documentation/arch/x86/boot.rst, "The
/// Real-Mode Kernel Header" and "Sample Boot Configuration".
package struct RealModePart: Sendable {
  /// The part as it is in the file, the setup header included.
  package var code: [UInt8]
  /// The command line, without its terminator.
  package var commandLine: [UInt8]

  /// The part with `code` from the file, and `commandLine`.
  package init(code: [UInt8], commandLine: [UInt8]) {
    self.code = code
    self.commandLine = commandLine
  }

  /// Where heap and stack end, and the command line starts, in bytes from the part's start: "for
  /// boot protocol 2.02 or higher".
  package static let heapEnd = 0xE000

  /// Bytes that the part takes.
  package var byteCount: Int { Self.heapEnd + commandLine.count + 1 }

  /// The part's bytes when it starts at `base`, below 640 KiB, with the protected-mode part at
  /// `kernel` and the initrd at `initrd`, below 4 GiB.
  ///
  /// - Precondition: the code ends before the heap does.
  package func encode(
    at base: PhysicalAddress, kernel: PhysicalAddress, initrd: PhysicalRange?
  ) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    bytes.store(code, at: 0)
    bytes.store(commandLine, at: Self.heapEnd)
    bytes.store(SetupHeader.normalMode, as: SetupHeader.vidMode)
    bytes.store(SetupHeader.kexecLoader, as: SetupHeader.typeOfLoader)
    let flags = LoadFlags(rawValue: bytes.loadField(SetupHeader.loadflags)).union(.canUseHeap)
    bytes.store(flags.rawValue, as: SetupHeader.loadflags)
    bytes.store(UInt16(Self.heapEnd - SetupHeader.offsetBase), as: SetupHeader.heapEndPtr)
    bytes.store(UInt32(truncatingIfNeeded: kernel.value), as: SetupHeader.code32Start)
    bytes.store(
      UInt32(truncatingIfNeeded: base.value) + UInt32(Self.heapEnd), as: SetupHeader.cmdLinePtr)
    bytes.store(UInt32(truncatingIfNeeded: initrd?.start.value ?? 0), as: SetupHeader.ramdiskImage)
    bytes.store(
      UInt32(truncatingIfNeeded: initrd?.byteCount ?? 0), as: SetupHeader.ramdiskSize)
    return bytes
  }
}
