internal import ByteCoding
internal import KernelImages

/// The setup header for a vmlinux, whose file has none.
package enum VmlinuxHeader {
  /// The most characters that the command line may have: COMMAND_LINE_SIZE less its terminator.
  package static let commandLineLimit = 2047
  /// The physical alignment that x86_64 kernels need, which is that of large pages.
  package static let alignment: UInt64 = .mebibytes(2)

  /// The header's bytes, from 0x1F1 on, as a kernel of boot protocol 2.15 has them.
  package static var bytes: [UInt8] {
    let end = SetupHeader.kernelInfoOffset.end
    // With the offsets in boot_params, which are those of `SetupHeader`.
    var header = [UInt8](repeating: 0, count: end)
    header.store(BootSector.signatureValue, as: SetupHeader.bootFlag)
    header.store(UInt8(end - SetupHeader.lengthBase), as: SetupHeader.jumpDistance)
    header.store(SetupHeader.magic, as: SetupHeader.header)
    // The kernel reads 64-bit fields from 2.12 on.
    header.store(BootProtocol.v2_15, as: SetupHeader.version)
    header.store(LoadFlags.loadedHigh.rawValue, as: SetupHeader.loadflags)
    header.store(UInt32(commandLineLimit), as: SetupHeader.cmdlineSize)
    header.store(UInt32(alignment), as: SetupHeader.kernelAlignment)
    return Array(header[SetupHeader.start...])
  }
}
