package import ByteCoding
package import PhysicalMemory
internal import CLinux
internal import Glibc

/// One entry of the list that kexec_load takes. Corresponds to `struct kexec_segment`.
package struct KexecSegment: Sendable {
  /// The bytes to put there; what `destination` has beyond them is filled with zeros.
  package let bytes: SharedBytes
  /// Where they go, page-aligned at both ends.
  package let destination: PhysicalRange

  /// `bytes` at the start of `destination`.
  package init(bytes: SharedBytes, destination: PhysicalRange) {
    self.bytes = bytes
    self.destination = destination
  }
}

/// A kexec system call that the kernel refused, with what is needed to repeat it.
package struct KexecCallError: Error, Equatable, Sendable {
  /// Which call.
  package enum Call: Equatable, Sendable {
    /// kexec_load(entry, count, …, flags).
    case load(entry: UInt64, segmentCount: Int, flags: UInt)
    /// kexec_file_load(…, flags).
    case fileLoad(flags: UInt)
    /// reboot(LINUX_REBOOT_CMD_KEXEC).
    case reboot
  }

  /// Which call.
  package let call: Call
  /// What the kernel answered.
  package let errno: Errno
}

/// The system calls that load, unload and run a kernel. Documented in kexec_load(2) and reboot(2).
package enum KexecCalls {
  /// The flag of `load` for a crash kernel. KEXEC_ON_CRASH.
  package static let onCrash = UInt(KEXEC_ON_CRASH)

  /// Loads `segments`, to be entered at `entry`. Corresponds to `kexec_load`.
  ///
  /// An empty list unloads.
  package static func load(
    entry: UInt64, segments: [KexecSegment], flags: UInt
  ) throws(KexecCallError) {
    let list = unsafe segments.map { segment in
      // SAFETY: the addresses stay valid because `segments` keeps the storage alive until the end
      // of this function (withExtendedLifetime below).
      unsafe segment.bytes.withUnsafeBytes { bytes in
        unsafe kexec_segment(
          buf: bytes.baseAddress, bufsz: numericCast(bytes.count),
          mem: UnsafeRawPointer(bitPattern: UInt(segment.destination.start.value)),
          memsz: numericCast(segment.destination.byteCount))
      }
    }
    // The call reads all segments, so the process is at its largest in it.
    Process.evictProgram()
    let result = withExtendedLifetime(segments) {
      unsafe clinux_kexec_load(UInt(entry), UInt(list.count), list, flags)
    }
    let errno = Errno.last
    // What runs from here on comes back into memory: the segments need not be there with it.
    segments.forEach { $0.bytes.evict() }
    guard result == 0 else {
      throw KexecCallError(
        call: .load(entry: entry, segmentCount: segments.count, flags: flags), errno: errno)
    }
  }

  /// Lets the kernel load the files itself. Corresponds to `kexec_file_load`.
  ///
  /// - Parameters:
  ///   - kernel: the kernel file.
  ///   - initrd: the initrd file; without one `flags` must have KEXEC_FILE_NO_INITRAMFS.
  ///   - commandLine: the command line's bytes, without a terminator.
  ///   - flags: the KEXEC_FILE_ bits.
  /// - Throws: what the kernel answered.
  package static func fileLoad(
    kernel: InputFile, initrd: InputFile?, commandLine: [UInt8], flags: UInt
  ) throws(KexecCallError) {
    try fileLoad(
      kernelNumber: kernel.descriptorNumber, initrdNumber: initrd?.descriptorNumber ?? -1,
      terminated: commandLine + [0], flags: flags)
  }

  /// Unloads what kexec_file_load loaded; lockdown allows it where it refuses the classic call.
  package static func fileUnload(flags: UInt) throws(KexecCallError) {
    try fileLoad(
      kernelNumber: -1, initrdNumber: -1, terminated: [],
      flags: flags | UInt(KEXEC_FILE_UNLOAD))
  }

  private static func fileLoad(
    kernelNumber: Int32, initrdNumber: Int32, terminated: [UInt8], flags: UInt
  ) throws(KexecCallError) {
    let result = unsafe terminated.withUnsafeBytes { text in
      unsafe clinux_kexec_file_load(
        kernelNumber, initrdNumber, UInt(text.count),
        text.count == 0 ? nil : text.baseAddress?.assumingMemoryBound(to: CChar.self), flags)
    }
    guard result == 0 else { throw KexecCallError(call: .fileLoad(flags: flags), errno: .last) }
  }

  /// Runs the loaded kernel; returns only when that failed, or when a kernel that was loaded to
  /// return (KEXEC_PRESERVE_CONTEXT) has done so. Corresponds to `reboot(LINUX_REBOOT_CMD_KEXEC)`.
  package static func jump() throws(KexecCallError) {
    guard reboot(Int32(bitPattern: 0x4558_4543)) == 0 else {
      throw KexecCallError(call: .reboot, errno: .last)
    }
  }
}
