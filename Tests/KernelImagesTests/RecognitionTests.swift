import ByteCoding
import Compression
import TestSupport
import Testing

@testable import KernelImages

@Suite struct RecognitionTests {
  @Test(
    "A file of another known format is refused by the name of its format",
    arguments: [
      (.compressed(.gzip), [0x1F, 0x8B, 0x08]), (.compressed(.zstd), [0x28, 0xB5, 0x2F, 0xFD]),
      (.compressed(.xz), [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]),
      (.compressed(.bzip2), [0x42, 0x5A, 0x68, 0x39]),
      (.compressed(.lz4), [0x04, 0x22, 0x4D, 0x18]), (.compressed(.lz4), [0x02, 0x21, 0x4C, 0x18]),
      (.compressed(.lzma), [0x5D, 0x00, 0x00, 0x80]),
      (.compressed(.lzo), [0x89, 0x4C, 0x5A, 0x4F, 0x00, 0x0D, 0x0A, 0x1A, 0x0A]),
      (.cpio, Array("070701".utf8)), (.nbi, [0x36, 0x13, 0x03, 0x1B]),
      (.otherImage(machine: "arm64"), at(0x38, Array("ARMd".utf8))),
      (.otherImage(machine: "riscv"), at(0x38, Array("RSC\u{5}".utf8))),
      // arm64 kernels are EFI programs, too; they are recognised as kernels.
      (.otherImage(machine: "arm64"), merged([0x4D, 0x5A], at(0x38, Array("ARMd".utf8)))),
      (.elfOther(machine: 183), elf(183)), (.beoboot, Array("BeoB".utf8)),
      (.elfOther(machine: 0), Array("\u{7F}ELF".utf8)),
      (.efiProgram(machine: "machine 0"), pe([".text"])),
      (.efiProgram(machine: nil), [0x4D, 0x5A]),
      (.efiProgram(machine: nil), pe([".linuxx"], machine: 0x8664)),
      (.efiProgram(machine: "arm64"), pe([".text"], machine: 0xAA64)),
      (.otherImage(machine: "arm64"), zboot(0xAA64)),
      (.otherImage(machine: "loongarch"), loongarch), (.otherImage(machine: "arm"), armImage),
      (.ubootImage(machine: "arm"), [0x27, 5, 0x19, 0x56] + at(25, [2])),
      (.script(interpreter: "/bin/sh"), Array("#!/bin/sh -e\necho\n".utf8)),
      (.script(interpreter: "/usr/bin/env"), Array("#! /usr/bin/env python3\n".utf8)),
      (.script(interpreter: ""), Array("#!\u{1B}[2J\n".utf8)),
      (.deviceTree, [0xD0, 0x0D, 0xFE, 0xED]), (.archive("tar"), at(257, Array("ustar".utf8))),
      (.archive("ar"), Array("!<arch>\ndebian-binary".utf8)),
      (.archive("zip"), Array("PK\u{3}\u{4}".utf8)), (.disk("squashfs"), Array("hsqs".utf8)),
      (.disk("ext2 to ext4"), at(0x438, [0x53, 0xEF])),
      (.disk("GPT"), at(512, Array("EFI PART".utf8))),
      (.disk("FAT"), at(54, Array("FAT12   ".utf8))), (.coreDump, Array("KDUMP   ".utf8)),
      (.bootSector, bootSector), (.objectFile, elf(62, type: 1)), (.coreDump, elf(62, type: 4)),
      (.objectFile, elf(3, type: 1)),
    ] as [(KnownImage, [UInt8])])
  func namesFilesOfKnownFormats(kind: KnownImage, start: [UInt8]) {
    let bytes = SharedBytes(start + [UInt8](repeating: 0, count: 4096))
    #expect(throws: ImageError.unsupported(kind)) { try KernelImage.open(bytes) }
  }

  @Test(
    "A file of unknown format is refused with its first bytes",
    arguments: [
      // A wrong checksum, a magic number that is not aligned, and one that is too far from the
      // start.
      at(0x1000, words([0x1BAD_B002, 3, 0])),
      at(0x1002, words([0x1BAD_B002, 3, 0 &- 0x1BAD_B005])),
      at(0x2000, words([0x1BAD_B002, 3, 0 &- 0x1BAD_B005])),
      [0x5D, 0x00, 0x01], Array("0707".utf8), Array("ELF".utf8), [],
    ] as [[UInt8]])
  func showsFirstBytesOfUnknownFiles(start: [UInt8]) {
    let bytes = start + [UInt8](repeating: 0, count: 4096)
    #expect(throws: ImageError.unrecognised(firstBytes: Array(bytes[..<8]))) {
      try KernelImage.open(SharedBytes(bytes))
    }
  }

  /// Any file gives a value or an error. The seed is printed, so that a run can be repeated.
  @Test("A file of random or randomly changed bytes never traps")
  func randomBytesNeverTrap() {
    let seed = SplitMix.seed(of: "random images")
    var generator = SplitMix(seed: seed)
    let good = BzImageBuilder {
      $0.setupSectors = 1
      $0.name = nil
      $0.protectedModeSize = 0x300
    }.bytes
    for round in 0..<3000 {
      var bytes = good
      if round % 3 == 0 {
        bytes = generator.bytes(Int.random(in: 0...0x600, using: &generator))
      } else {
        // Changes a few bytes of the headers, and sometimes the length.
        for _ in 0..<Int.random(in: 1...12, using: &generator) {
          bytes[Int.random(in: 0..<0x290, using: &generator)] = UInt8(
            truncatingIfNeeded: generator.next())
        }
        if round % 3 == 1 { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator)) }
      }
      do {
        if case .bzImage(let image) = try KernelImage.open(SharedBytes(bytes)) {
          #expect(image.protectedMode.count <= bytes.count, "seed \(seed), round \(round)")
          #expect(
            image.initSize >= UInt64(image.protectedMode.count), "seed \(seed), round \(round)")
          #expect(image.alignment >= 4096, "seed \(seed), round \(round)")
        }
      } catch {
        // An error is as good as a value.
      }
    }
  }
}

private func at(_ offset: Int, _ bytes: [UInt8]) -> [UInt8] {
  [UInt8](repeating: 0, count: offset) + bytes
}

private func merged(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
  first + second.dropFirst(first.count)
}

private func words(_ values: [UInt32]) -> [UInt8] {
  var bytes: [UInt8] = []
  for value in values { bytes.append(littleEndian: value) }
  return bytes
}

private func elf(_ machine: UInt8, type: UInt8 = 1) -> [UInt8] {
  [0x7F, 0x45, 0x4C, 0x46] + [UInt8](repeating: 1, count: 12) + [type, 0, machine, 0]
}

private func pe(_ sections: [String], machine: UInt16 = 0) -> [UInt8] {
  var bytes = at(0x80, Array("PE".utf8) + [UInt8](repeating: 0, count: 22))
  bytes.store([0x4D, 0x5A], at: 0)
  bytes.store(UInt32(0x80), as: Field(0x3C))
  bytes.store(machine, as: Field(0x84))
  bytes.store(UInt16(UInt(sections.count)), as: Field(0x86))
  for name in sections {
    bytes += Array(name.utf8) + [UInt8](repeating: 0, count: 40 - name.utf8.count)
  }
  return bytes
}

/// A kernel for another architecture that unpacks itself as an EFI program (zboot).
private func zboot(_ machine: UInt16) -> [UInt8] {
  var bytes = pe([".text"], machine: machine)
  bytes.store(Array("zimg".utf8), at: 4)
  return bytes
}

private let loongarch: [UInt8] = {
  var bytes = pe([".text"], machine: 0x6264)
  bytes.store([0xCD, 0x23, 0x82, 0x81], at: 0x38)
  return bytes
}()

private let armImage = at(0x24, [0x18, 0x28, 0x6F, 0x01])

/// A boot sector for a BIOS that happens to contain the four bytes of the multiboot magic number.
private let bootSector: [UInt8] = {
  var bytes = merged([0xEB, 0x3C, 0x90], [UInt8](repeating: 0x90, count: 510)) + [0x55, 0xAA]
  bytes.store(
    words([0x1BAD_B002, 1 << 16, 0 &- 0x1BAD_B002 &- 1 << 16, 0x10_0000, 0x10_0000, .max]),
    at: 64)
  return bytes
}()
