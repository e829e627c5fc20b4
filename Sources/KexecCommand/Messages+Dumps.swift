internal import CrashDumps
internal import ELFFormat
internal import LinuxSystem

// The sentences about crash dumps: why one cannot be read, and what was noticed in its memory.

extension CommandError {
  /// Why something of the dump at `path` cannot be read.
  init(_ error: CrashImageError, path: String) {
    var advice: String?
    if case .otherFormat = error {
      advice = "give /proc/vmcore, a copy of it, or a dump that makedumpfile has written"
    }
    self.init(.dump(error.code), "\(quoted(path)): \(error.text)", advice: advice)
  }
}

extension CrashImageError {
  /// What is wrong, and where.
  var text: String {
    switch self {
    case .elf(let error): error.dumpText
    case .otherFormat(let magic):
      "it starts with \(hexText(magic)), which is no dump of memory that can be read"
    case .notCore(let type): "it is an ELF file, but not a core file: e_type is \(type), not 4"
    case .otherMachine(let machine):
      "the memory is of ELF machine \(machine), but only that of x86_64 (62) can be read"
    case .unreadable(let offset, 0): "the file ends at \(offset), before what is needed"
    case .unreadable(let offset, let errno):
      "reading at offset \(offset) failed: \(Errno(rawValue: errno).message)"
    case .missingKey(let key): "VMCOREINFO has no \(key), or one that cannot be right"
    case .noInformation: "there is no VMCOREINFO, neither in the notes nor in the memory"
    case .tooLarge(let place, let count):
      "a table of \(count) bytes at the address \(hexText(place)) is too large to be one"
    case .notMapped(let place): "the kernel had no memory at the address \(hexText(place))"
    case .notInDump(let place):
      "the dump does not have the memory at the physical address \(hexText(place))"
    case .otherVersion(let version):
      "it is a kdump-compressed file of version \(version), but only 6 can be read"
    case .badHeader(let name, let value):
      "\(name) in the header of the kdump-compressed file is \(value), which cannot be right"
    case .badDescriptor(let offset):
      "the descriptor of a page at offset \(offset) cannot be right: the file is damaged"
    case .otherCompression(let flag):
      "its pages are compressed by method \(hexText(flag)); zlib, lzo and zstd can be read"
    case .badPage(let offset, let place):
      "the page \(hexText(place)) at offset \(offset) does not decompress: the file is damaged"
    case .badRecord(let offset):
      "the record of the flattened file at offset \(offset) cannot be right: the file is damaged"
    }
  }
}

extension ELFError {
  /// What is wrong with the headers of a dump.
  fileprivate var dumpText: String {
    switch self {
    case .truncated(.fileHeader, let needs, let has):
      "its ELF header needs \(needs) bytes, but the file has only \(has)"
    case .truncated(.programHeaders, let needs, let has):
      "its program headers end at \(needs), but the file at \(has)"
    case .otherMagic(let magic): "it starts with \(hexText(UInt64(magic))), not with an ELF header"
    case .otherClass(let identity):
      "it is neither a 32-bit nor a 64-bit little-endian ELF file: EI_CLASS and EI_DATA are "
        + hexText(UInt64(identity))
    case .shortProgramHeader(let size, let offset):
      "e_phentsize at offset \(offset) is \(size), less than a program header has"
    }
  }
}

extension PageClass {
  /// Its name for people.
  var name: String {
    switch self {
    case .notMemory: "not memory"
    case .kept: "kept"
    case .cache: "cache"
    case .privateCache: "private cache"
    case .user: "user"
    case .free: "free"
    case .unaccepted: "unaccepted"
    case .poisoned: "poisoned"
    case .offline: "offline"
    }
  }

  /// Its name for programs.
  var code: String {
    switch self {
    case .notMemory: "notMemory"
    case .privateCache: "privateCache"
    case .kept, .cache, .user, .free, .unaccepted, .poisoned, .offline: name
    }
  }

  /// What its pages are.
  var text: String {
    switch self {
    case .notMemory: "no memory"
    case .kept: "the kernel's, and what this level does not exclude"
    case .cache: "page cache without private data (2, 4)"
    case .privateCache: "page cache with private data (4)"
    case .user: "memory of programs (8)"
    case .free: "not used (16)"
    case .unaccepted: "not accepted from the hypervisor yet (16)"
    case .poisoned: "reported as bad by the hardware: always excluded"
    case .offline: "given back to the hypervisor: always excluded"
    }
  }
}

extension Classification.Finding {
  /// What was noticed, and what follows from it.
  var text: String {
    switch self {
    case .noMemoryMap(let error): "all pages are kept: \(error.text)"
    case .strangeSections(let count):
      "\(count) sections of memory have their struct pages where they should not be, and are kept"
    case .otherFreeCount(let found, let counted):
      "all pages are kept: \(found) free pages were found, but the kernel had counted \(counted)"
    case .noFreeCount(let error):
      "the kernel's count of free pages is unknown: \(error.text)"
    case .ruleDropped(let kind, let pages):
      "no page is \(kind.name): \(pages) pages of the kernel itself seemed to be"
    case .noKernelSymbols:
      "the kernel's symbols are not known: its own pages do not confirm the classes"
    case .pagesWithoutStruct(let count): "\(count) pages have no struct page, and are kept"
    case .unreadableMemoryMap(let count):
      "\(byteText(count)) of the memory map are not in the dump: their pages are kept"
    case .badOrders(let count):
      "\(count) blocks of free pages have an impossible size, and are kept"
    case .classUnknown(let kind): "no page is \(kind.name): VMCOREINFO does not tell what is"
    }
  }
}
