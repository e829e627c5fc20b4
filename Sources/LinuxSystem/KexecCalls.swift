package import ByteCoding
package import KexecABI
package import PhysicalMemory
internal import CLinux
internal import CLibrary

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

/// A load or unload that the kernel refused.
package struct KexecCallError: Error, Equatable, Sendable {
  /// Which call.
  package let call: LoadCall
  /// The kernel's error.
  package let errno: Errno

  /// The error `errno` of `call`.
  package init(call: LoadCall, errno: Errno) {
    self.call = call
    self.errno = errno
  }
}

/// The system calls that load, unload and run a kernel. Documented in kexec_load(2) and reboot(2).
package struct KexecCalls: Sendable {
  /// kexec_load(entry, segments, flags): nil for success, otherwise the kernel's error.
  package var kexecLoad:
    @Sendable (_ entry: UInt64, _ segments: [KexecSegment], _ flags: UInt) -> Errno?
  /// kexec_file_load(kernel, initrd, command line, flags), the command line with its terminator; the result
  /// is as for kexec_load.
  package var kexecFileLoad:
    @Sendable (
      _ kernel: InputFile?, _ initrd: InputFile?, _ commandLine: [UInt8], _ flags: UInt
    ) -> Errno?
  /// reboot(command); the result is as for kexec_load.
  package var reboot: @Sendable (_ command: UInt32) -> Errno?

  /// System calls with these functions.
  package init(
    kexecLoad:
      @escaping @Sendable (
        _ entry: UInt64, _ segments: [KexecSegment], _ flags: UInt
      ) -> Errno?,
    kexecFileLoad:
      @escaping @Sendable (
        _ kernel: InputFile?, _ initrd: InputFile?, _ commandLine: [UInt8], _ flags: UInt
      ) -> Errno?,
    reboot: @escaping @Sendable (_ command: UInt32) -> Errno?
  ) {
    self.kexecLoad = kexecLoad
    self.kexecFileLoad = kexecFileLoad
    self.reboot = reboot
  }
}

extension KexecCalls {
  /// LINUX_REBOOT_CMD_KEXEC.
  package static let jumpCommand: UInt32 = 0x4558_4543

  /// Loads `segments`, to be entered at `entry`. Corresponds to `kexec_load`.
  ///
  /// An empty list unloads.
  package func load(
    entry: UInt64, segments: [KexecSegment], flags: UInt
  ) throws(KexecCallError) {
    guard let errno = kexecLoad(entry, segments, flags) else { return }
    throw KexecCallError(call: .segments, errno: errno)
  }

  /// Lets the kernel load the files itself. Corresponds to `kexec_file_load`.
  ///
  /// - Parameters:
  ///   - kernel: the kernel file.
  ///   - initrd: the initrd file; without one `flags` must have KEXEC_FILE_NO_INITRAMFS.
  ///   - commandLine: the command line's bytes, without a terminator.
  ///   - flags: the KEXEC_FILE_ bits.
  /// - Throws: the kernel's error.
  package func fileLoad(
    kernel: InputFile, initrd: InputFile?, commandLine: [UInt8], flags: UInt
  ) throws(KexecCallError) {
    guard let errno = kexecFileLoad(kernel, initrd, commandLine + [0], flags) else { return }
    throw KexecCallError(call: .file, errno: errno)
  }

  /// Unloads an image by kexec_load, with an image without segments.
  package func unload(flags: UInt) throws(KexecCallError) {
    try load(entry: 0, segments: [], flags: flags)
  }

  /// Unloads what kexec_file_load loaded. Lockdown allows this call and refuses kexec_load.
  package func fileUnload(flags: UInt) throws(KexecCallError) {
    guard let errno = kexecFileLoad(nil, nil, [], flags | FileFlags.unload) else { return }
    throw KexecCallError(call: .file, errno: errno)
  }

  /// Runs the loaded kernel. Returns only if that failed, or when a kernel that was loaded with
  /// KEXEC_PRESERVE_CONTEXT has returned. Corresponds to `reboot(LINUX_REBOOT_CMD_KEXEC)`.
  package func jump() throws(Errno) {
    if let errno = reboot(Self.jumpCommand) { throw errno }
  }
}

extension KexecCalls {
  /// Those of the running kernel.
  package static let running = KexecCalls { entry, segments, flags in
    callLoad(entry, segments, flags)
  } kexecFileLoad: { kernel, initrd, commandLine, flags in
    // -1 means that there is no file.
    let (kernelNumber, initrdNumber) = (
      kernel?.descriptorNumber ?? -1, initrd?.descriptorNumber ?? -1
    )
    return unsafe commandLine.withUnsafeBytes { text in
      unsafe .ofCall(
        clinux_kexec_file_load(
          kernelNumber, initrdNumber, UInt(text.count),
          text.count == 0 ? nil : text.baseAddress?.assumingMemoryBound(to: CChar.self), flags))
    }
  } reboot: { command in
    .ofCall(CLinux.reboot(Int32(bitPattern: command)))
  }

  private static func callLoad(
    _ entry: UInt64, _ segments: [KexecSegment], _ flags: UInt
  ) -> Errno? {
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
    // The process is at its largest during the call, which reads all segments.
    clinux_evict_program()
    let errno = withExtendedLifetime(segments) {
      unsafe Errno.ofCall(clinux_kexec_load(UInt(entry), UInt(list.count), list, flags))
    }
    // The program's code is read into memory again from here on, where the segments are no longer needed.
    segments.forEach { $0.bytes.evict() }
    return errno
  }
}
