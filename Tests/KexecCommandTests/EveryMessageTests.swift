import ByteCoding
import Compression
import CrashDumps
import CrashLogs
import DumpWriting
import ELFFormat
import KernelImages
import KexecABI
import PhysicalMemory
import PurgatoryImage
import RunningSystem
import TestSupport
import Testing

@testable import KexecCommand
@testable import KexecPlanning
@testable import LinuxSystem

/// A sample of every fault, note and reason. None is missing, each has a sentence of its own in one
/// line, and none shows Swift's representation of its values.
@Suite struct EveryMessageTests {
  private static let range = PhysicalRange(
    start: PhysicalAddress(0x1000), end: PhysicalAddress(0x2000))
  private static let noRoom = PlanningError.NoRoom(
    role: .kernel, byteCount: 1 << 20, alignment: 4096, bounds: range, largestHole: nil)

  private static let field = MendedField(
    "kernel_alignment", SetupHeader.kernelAlignment, found: 0xFFFF_FFFF, taken: 0x20_0000)

  static let vmlinux: [VmlinuxError] = [
    .notELF64, .truncated, .partCount(7), .badPart(index: 1), .entryOutside(.max), .otherWindow,
    .relocationLists(4), .relocationOutside(offset: 60_000_000, address: .max),
  ]
  static let purgatory: [PurgatoryError] = [
    .tooManyRegions(found: 17, limit: 16), .wrongDigestLength(found: 3, wanted: 8),
    .impossibleRegion(.init(start: 0, byteCount: 4096)),
  ]
  static let planFaults: [PlanFault] =
    [
      .tooManySegments(17), .unaligned(.purgatory), .overfull(.initrd(0)),
      .outsideRAM(.kernel, range), .overlap(.kernel, .bootBlock),
      .moreThanHalfOfRAM(segments: 3 << 30, ram: 5 << 30), .entryOutside(PhysicalAddress(1)),
    ] + purgatory.map(PlanFault.purgatory)
  static let deviceTree: [DeviceTreeError] = [.notATree(found: 7), .truncated(needs: 40, has: 7)]
  static let noRealMode: [PlanningError.NoRealMode] = [.noBIOS, .tooLarge(70_000)]
  static let crashRegion: [CrashRegionDoubt] = [
    .outsideRAM(range), .overlap(range, range), .otherSize(range, stated: 1 << 20),
    .notListed(stated: 1 << 20), .otherThanReserved(range, word: "256M"),
    .otherPlace(range, word: "256M@16M"), .contiguousUnknown(word: "64M,cma"),
    .contiguousElsewhere(range),
  ]
  private static let plainPlanning: [PlanningError] =
    [
      .commandLineTooLong(length: 3000, limit: 2047), .openQuote, .commandLineHasNUL(offset: 7),
      .noRoom(noRoom), .noMemoryMap, .noCrashRegion, .crashRegionHidden,
      .memoryBeyondELF32(end: PhysicalAddress(1 << 33)), .tooManyRanges(70_000), .fiveLevelPaging,
      .protocolTooOld("2.01"), .damagedInitrd(path: "initrd", .archiveCut(at: 7)),
      .littleMemory(
        .init(needed: 9 << 20, available: 8 << 20, isOfControlGroup: false, initrds: 4 << 20)),
      .realModeOnly(option: "-p"), .fiveLevelPagingNoRoom(noRoom), .headerBelieved(field),
      .contradiction("-a", "-b"),
      .notByFileCall(.multiboot), .initrdForOther, .modulesForOther, .crashNeedsLinux,
      .returnNeedsLinux,
      .serialPort("COM1"), .noEarlyPort(["tty0", "hvc0"]), .noEarlyPort([]),
      .earlyPortUnknown("ttyS4"), .xen(.first), .xen(.paravirtual), .xenByMultibootOnEFI,
    ]
  /// In parts: Swift 6.2 takes too long for the types of one expression.
  static let planning: [PlanningError] =
    ([
      plainPlanning, deviceTree.map { .deviceTree(path: "tree", $0) },
      noRealMode.map(PlanningError.realMode), crashRegion.map(PlanningError.crashRegionDoubtful),
      losses.map { .handoverLost(preserved, $0) }, vmlinux.map(PlanningError.vmlinux),
      planFaults.map(PlanningError.invalid),
    ] as [[PlanningError]]).flatMap { $0 }

  static let compression: [CompressionError] = [
    .corrupt(.gzip, inputOffset: 7), .truncated(.xz, inputOffset: 7),
    .unsupported(.zstd, inputOffset: 7), .tooLarge(limit: 1 << 20), .windowTooLarge(.zstd),
    .outOfMemory(wanted: 1 << 20), .outOfMemory(wanted: 0),
  ]
  static let parts: [ImagePart] = [
    .setupHeader, .realModePart, .protectedModePart, .sectionHeaders(3), .section(".linux"),
    .elfHeader, .programHeaders, .loadedPart(2), .multibootHeader,
  ]
  static let partFaults: [PartFault] = [.moreBytesThanMemory, .beyondAddresses, .overlap]
  static let rules: [FieldRule] = [
    .powerOfTwo, .beyond64BitEntry, .behindHeaders(64), .behindSection(".linux", end: 99),
    .sizeOfKernel, .elfMagic, .littleEndianClass, .executable, .programHeaderSize, .insidePart,
    .below4GiB, .nonzero, .knownFlags, .knownTag, .i386, .tagSize, .orderedAddress,
    .loadedHigh, .bootFlag, .jumpOverHeader(0x6A), .sectorsBefore(0x5000), .behindPayload(0x4000),
    .sizeInMemory,
  ]
  static let known: [KnownImage] = [
    .zImage, .uki, .nbi, .beoboot, .compressed(.gzip), .elfOther(machine: 183),
    .elfOther(machine: 999), .otherImage(machine: "arm64"), .ubootImage(machine: "arm"),
    .ubootImage(machine: nil), .efiProgram(machine: nil), .efiProgram(machine: "arm64"),
    .userProgram(interpreter: nil), .userProgram(interpreter: "/lib64/ld.so"), .objectFile,
    .coreDump, .script(interpreter: "/bin/sh"), .path("/boot/vmlinuz"), .text(start: "hello"),
    .cpio, .archive("tar"), .deviceTree, .disk("squashfs"), .bootSector,
  ]
  static let images: [ImageError] =
    known.map(ImageError.unsupported) + [
      .unrecognised(firstBytes: [1, 2]),
      .otherType(wanted: .uki, found: .elf64), .repeated(section: ".initrd", offset: 7),
      .inside(section: ".linux", offset: 8, .unsupported(.nbi)),
    ] + compression.map { .notUnpacked($0, streamOffset: 9) }
    + parts.map { .truncated(missing: $0, needs: 9, has: 7) }
    + partFaults.map { .badPart($0, index: 1, offset: 64, found: 3) }
    + rules.map { .badField(name: "field", offset: 3, found: 4, wanted: $0) }
  static let dumps: [CrashImageError] = [
    .elf(.truncated(.programHeaders, needs: 176, has: 100)),
    .elf(.truncated(.fileHeader, needs: 64, has: 9)), .elf(.otherMagic(7)),
    .elf(.otherClass(0x0202)), .elf(.shortProgramHeader(8, offset: 54)),
    .otherFormat(0x732F_6E69_622F_2123), .notCore(2), .otherMachine(183),
    .unreadable(offset: 4096, errno: 0), .unreadable(offset: 4096, errno: 5),
    .missingKey("SIZE(page)"), .noInformation,
    .tooLarge(virtual: 0xFFFF_FFFF_8100_0000, count: 1 << 30),
    .notMapped(virtual: 0xFFFF_FFFF_8100_0000), .notInDump(physical: 0x10_0000),
    .otherVersion(5), .badHeader("max_mapnr_64", .max), .badDescriptor(offset: 4096),
    .otherCompression(4), .badPage(offset: 4096, physical: 0x10_0000), .badRecord(offset: 4096),
  ]
  static let dumpFindings: [Classification.Finding] = [
    .noMemoryMap(.noInformation), .strangeSections(3),
    .otherFreeCount(found: 118_355, counted: 120_269),
    .noFreeCount(.missingKey("LENGTH(node_data)")), .ruleDropped(.user, pages: 7),
    .noKernelSymbols, .pagesWithoutStruct(32), .unreadableMemoryMap(4096), .badOrders(2),
    .classUnknown(.user),
  ]
  static let files: [FileError.Reason] = [
    .errno(.noSuchFile), .directory, .notRegular, .empty, .tooLarge(limit: 1 << 30), .exists, .link,
    .beingWritten, .occupied,
  ]
  static let downgrades: [Downgrade] = [
    .levelRaised(from: DumpLevel(rawValue: 1), to: .all), .pagesUnreadable(3), .sourceIncomplete,
    .noLog, .logDamaged, .companionLost("dump-log.txt"),
  ]
  static let dumpFaults: [DumpFault] = [
    .unreadable(offset: 4096, errno: 5), .unreadable(offset: 4096, errno: 0), .noEnd,
    .truncated(promised: 9000, has: 4096), .noInformation(offset: 4096),
    .storedButNotMemory(offset: 4096, frame: 256), .badDescriptor(offset: 4096, frame: 256),
    .badPage(offset: 4096, frame: 256), .otherPage(offset: 4096, frame: 256),
    .otherDigest(offset: 4096, byteCount: 99), .badSegment(2),
  ]

  static let logs: [CrashLogError] = [.noLog, .impossible("count_bits", 60)]

  static let ordinary: [OrdinaryEntryReason] =
    [
      .switchedOff, .otherEntry, .realMode, .realModeOnly, .noRandomNumbers, .noPayload,
      .unknownCompression, .badPayload("zstd"), .cannotUnpack(.windowTooLarge(.xz)),
      .fiveLevelPaging, .encryptedMemory,
      .unacceptedMemory, .littleMemory(needed: 1 << 30, available: 1 << 20),
    ] + vmlinux.map(OrdinaryEntryReason.notUnderstood)
  static let initrd: [InitrdReason] = [
    .unknownContent(offset: 5), .corrupt(format: "lzop", offset: 300_000_000),
    .tooLarge(limit: 1 << 30), .tooManyParts(9), .noRoom, .earlyFiles,
    .notUnpacked(.unsupported(.xz, inputOffset: 4), offset: 5),
  ]
  static let damages: [InitrdDamage] = [
    .stream(.truncated(.xz, inputOffset: 7), start: 8), .archiveCut(at: 9),
    .packedArchiveCut(start: 7, unpackedSize: 8),
  ]
  static let suspicions: [InitrdSuspicion] = [
    .xzCheck("CRC64", offset: 7), .lz4Frame(offset: 7), .zstdWindow(256 << 20, offset: 7),
    .skippableFrame(offset: 7), .unaligned(offset: 7), .otherInside(offset: 7), .kernel,
    .unknown(firstBytes: [1, 2]),
  ]
  static let unchecked: [InitrdUnchecked] = [
    .window(.zstd), .memory(.xz), .unsupported(.lz4), .tooManyStreams(65),
  ]
  static let noEFI: [PlanNote.NoEFIReason] = [
    .kernelTooOld, .mixedMode, .descriptorVersion(2), .missing("fw_vendor"), .noRuntimeMap,
  ]
  static let faults: [MapFault] = [.malformed, .inverted, .tooLarge, .noType].map {
    MapFault(
      place: "/sys/firmware/memmap/127", text: [UInt8](repeating: 0x66, count: 99), reason: $0)
  }
  /// Every character that is taken for another one. Spaces and characters without width have no
  /// names of their own.
  static let pasted: [PastedCharacter] = (0x80...0xFFFF as ClosedRange<UInt32>).compactMap {
    Unicode.Scalar($0).flatMap { PastedCharacter($0) }
  }
  static let preserved: [KexecHandover.PreservedState] = [
    .session(name: "vm", process: "qemu", id: 4242), .reservedMemory(name: "trace"),
  ]
  static let losses: [HandoverLoss] = [
    .segments(because: .asked), .switchedOff, .notBuiltIn(configuration: "/boot/config-6.1"),
  ]
  private static let plainNotes: [PlanNote] =
    [
      .checksumMismatch, .noFirmwareMap, .efiMapWasAdded, .ioMemoryHidden, .noBootParameters,
      .framebufferLost, .noRandomSeed, .unpacked(format: "zstd"), .noRandomAddress,
      .notMoved(needed: 9 << 20, available: 8 << 20),
      .initrdUnpacked(0), .initrdPartlyUnpacked(0, .corrupt(format: "gzip", offset: 7)),
      .confined(byteCount: 128 << 20), .fileUnpacked(nil, format: "lzop"),
      .fileUnpacked(.kernel, format: "zstd"), .videoModeNotSet, .noRSDP,
      .enteredIn32Bits, .enteredWithFourLevels, .headerFieldMended(field), .bootNotesAssumed,
      .notInRealMode(.deviceTree),
      .enteredIn64Bits, .memdisk, .diskWithoutBIOS,
      .initSizeTooSmall(0x180_0000, needed: 0x320_0000), .fiveLevelsUnknown, .checksOff,
      .noProcessorNotes, .noVMCOREINFO,
      .kernelAddressesGuessed,
      .lowMemoryNotDumped,
      .littleCrashMemory(.init(reserved: 64 << 20, used: 51 << 20, wanted: 32 << 20)),
      .noHotplug, .onlyForCrash("--hotplug"), .noEffectOnFileCall("--x"),
      .noEffectOnType(option: "--y"), .unknownToKernel(["--no-cma", "--force-dtb"]),
      .loaderWordKept("initrd=x"), .sectionsUsed([.kernel, .initrd]),
      .sectionReplaced(.initrd, by: "--initrd"), .firstProfile(of: 3), .signatureOfPart,
      .initrdDamaged(path: "initrd", .archiveCut(at: 7)),
      .initrdFormatUnknown(path: "initrd", format: "lz4", configuration: "c", isUnpackedNow: true),
      .initrdFormatUnknown(path: "initrd", format: "lz4", configuration: "c", isUnpackedNow: false),
      .modulesOfOtherRelease(["6.1", "6.9"], kernel: "6.12"), .rootNeedsInitrd("root=UUID=1"),
      .initrdsJoined(9), .modulesWithoutSpace(modules: 1, parameters: 2),
      .parametersNotKept(["a.b", "a.c", "a.d", "a.e", "a.f"]), .hiddenParametersUnknown,
      .moreMapFaults(3), .memoryBeyondReach(bits: 46, byteCount: 1 << 40),
      .notReplaced(in: "--append"),
      .handoverActive(evidence: "/sys/kernel/debug/kho", .segments),
      .handoverActive(evidence: "/sys/kernel/debug/kho", .file), .handedOver(preserved),
      .handoverDropped(preserved), .handoverNeedsWords(["kho=on", "liveupdate=on"]),
      .earlyOutput(
        added: ["earlycon=uart8250,mmio32,0xfe030000,115200n8", "keep_bootcon"], given: nil),
      .earlyOutput(added: ["keep_bootcon"], given: "earlycon=efifb"),
    ]
  static let notes: [PlanNote] =
    ([
      plainNotes, suspicions.map { .initrdSuspect(path: "initrd", $0, isUnpackedNow: false) },
      unchecked.map { .initrdNotChecked(path: "initrd", $0) },
      pasted.map { .pastedCharacter($0, in: "--command-line") }, faults.map(PlanNote.mapFault),
      ordinary.map(PlanNote.ordinaryEntry), initrd.map { .initrdUnchanged(1, $0) },
      noEFI.map(PlanNote.noEFI),
    ] as [[PlanNote]]).flatMap { $0 }
  static let routes: [RouteReason] = [
    .asked, .preferred, .jumpsFaster, .keepsMeasurements, .policy, .segmentsRefused,
    .otherNotPlanned, .fileCallRefused, .imageType, .needed(by: ["--a", "--b"]),
    .commandLineTooLongForFileCall, .fiveLevelPaging, .headerMended, .keepsHandover,
  ]

  @Test("The samples of faults, notes and reasons cover every code")
  func samplesCoverEveryCode() {
    expectAll(Self.vmlinux.map(\.code))
    expectAll(Self.purgatory.map(\.code))
    expectAll(Self.planFaults.map(\.code))
    expectAll(Self.deviceTree.map(\.code))
    expectAll(Self.noRealMode.map(\.code))
    expectAll(Self.planning.map(\.code))
    expectAll(Self.crashRegion.map(\.code))
    expectAll(Self.compression.map(\.code))
    expectAll(Self.parts.map(\.code))
    expectAll(Self.partFaults.map(\.code))
    expectAll(Self.rules.map(\.code))
    expectAll(Self.images.map(\.code))
    expectAll(Self.dumps.map(\.code))
    expectAll(Self.dumpFindings.map(\.code))
    expectAll(Self.files.map(\.code))
    expectAll(Self.downgrades.map(\.code))
    expectAll(Self.logs.compactMap(\.code))
    expectAll(Self.ordinary.map(\.code))
    expectAll(Self.initrd.map(\.code))
    expectAll(Self.damages.map(\.code))
    expectAll(Self.suspicions.map(\.code))
    expectAll(Self.unchecked.map(\.code))
    expectAll(Self.noEFI.map(\.code))
    expectAll(Self.notes.map(\.code))
    expectAll(Self.routes.map(\.code))
  }

  @Test("Every error has a one-line message of its own and at most one line of advice")
  func errorsAreSingleLinesAndUnique() {
    let request = LoadRequest(kernel: .init(path: "vmlinuz", bytes: SharedBytes([])))
    let machine = TemporaryTree([:]).machine
    let errors =
      Self.planning.map { CommandError($0, request: request, machine: machine, after: nil) }
      + Self.images.map { CommandError($0, path: "vmlinuz") }
      + Self.dumps.map { CommandError($0, path: "vmcore") }
      + Self.files.map { CommandError(FileError("vmlinuz", $0)) }
      + Self.logs.map { CommandError($0, path: "vmcore") }
    for error in errors {
      expectSentence(error.message)
      if let advice = error.advice { expectSentence(advice) }
    }
    let messages = errors.map(\.message)
    #expect(Set(messages).count == messages.count)
  }

  @Test("Every note and every reason is a different line of at most 120 characters")
  func notesAndReasonsAreShortAndUnique() {
    var texts =
      Self.notes.map(\.text) + Self.routes.map(\.text) + Self.dumpFindings.map(\.text)
    texts += Self.downgrades.map(\.text) + Self.dumpFaults.map(\.text)
    #expect(Set(texts).count == texts.count)
    for text in texts {
      expectSentence(text)
      #expect(text.count <= 120, "\(text)")
    }
  }

  private func expectAll<Code: CaseIterable & Hashable>(_ codes: [Code]) {
    let missing = Set(Code.allCases).subtracting(codes)
    #expect(missing.isEmpty, "no sample of \(Code.self) for \(missing)")
  }

  /// Checks that the text is one line, without `case(label: value)` or a type's name, as Swift
  /// prints values.
  private func expectSentence(_ text: String) {
    #expect(!text.isEmpty && !text.contains("\n"), "\(text)")
    for sign in [
      "byteCount", "PhysicalAddress", "Optional(", "KernelImages", "inputOffset", "found:",
    ] {
      #expect(!text.contains(sign), "\(text)")
    }
  }
}
