package import ByteCoding
package import Compression
package import KernelImages

/// What the user asked for, with open files, random numbers and the time.
package struct LoadRequest: Sendable {
  /// A file to be loaded.
  package struct File: Sendable {
    /// Where the bytes come from. kexec_file_load can be passed a whole file of the user as it is; of all
    /// others it gets a copy.
    package enum Origin: Equatable, Sendable {
      /// The file that the user named, as it is.
      case file
      /// Something that the user named and that is not a regular file: a pipe, a device, or a file in /sys.
      case copy
      /// A section of a unified image.
      case section(UnifiedKernelImage.Kind)
      /// This program has made them.
      case generated
      /// The file that the user named, or the kernel's section of it, unpacked from this format.
      case unpacked(CompressionFormat)
    }

    /// The path as the user gave it, or a text that stands for one in messages.
    package let path: String
    /// All its bytes.
    package let bytes: SharedBytes
    /// Where the bytes come from.
    package let origin: Origin

    /// The file at `path`, which holds `bytes`.
    package init(path: String, bytes: SharedBytes, origin: Origin = .file) {
      self.path = path
      self.bytes = bytes
      self.origin = origin
    }
  }

  /// A file that is loaded beside a multiboot kernel.
  package struct Module: Sendable {
    /// The file.
    package let file: File
    /// The file's path and its arguments, as the user gave them.
    package let text: String

    /// The module in `file`, called `text`.
    package init(file: File, text: String) {
      self.file = file
      self.text = text
    }
  }

  /// Two random numbers for KASLR.
  package struct RandomNumbers: Equatable, Sendable {
    /// Chooses the virtual address.
    package var virtual: UInt64
    /// Chooses the physical address.
    package var physical: UInt64
    /// The seed of both; nil when there is none.
    package var seed: UInt64?

    /// The numbers.
    package init(virtual: UInt64, physical: UInt64) {
      self.virtual = virtual
      self.physical = physical
    }

    /// The numbers that SplitMix64 makes from `seed`, always the same.
    package init(seed: UInt64) {
      func number(_ index: UInt64) -> UInt64 {
        var value = seed &+ (index &* 0x9E37_79B9_7F4A_7C15)
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
      }
      self.init(virtual: number(1), physical: number(2))
      self.seed = seed
    }
  }

  /// What the user asked for.
  package var options = LoadOptions()
  /// The kernel.
  package var kernel: File
  /// The initrds, to be joined in this order.
  package var initrds: [File] = []
  /// The kernel's configuration, if there is a file with it.
  package var kernelConfiguration: KernelConfiguration?
  /// A device tree for the kernel, if any.
  package var deviceTree: File?
  /// The modules of a multiboot kernel, in order.
  package var modules: [Module] = []
  /// When this load happens, for `--stamp`; nil without that option.
  package var stamps: TimeStamps?
  /// Random numbers that choose the next kernel's addresses; nil when there are none yet.
  package var randomNumbers: RandomNumbers?
  /// Random bytes for the next kernel's generator; nil when there are none yet.
  package var randomSeed: [UInt8]?

  // What LoadPlanner adds.

  /// The image that kernel, initrd and command line come from, if it is a unified one.
  package internal(set) var unifiedImage: UnifiedKernelImage?
  /// The serial port to which the purgatory writes; nil for COM1 and for failures only.
  var console: PurgatoryConsole?

  /// A request for `kernel` with `options`.
  package init(kernel: File, options: LoadOptions = LoadOptions()) {
    self.kernel = kernel
    self.options = options
  }
}

extension LoadRequest {
  /// Bytes of the initrds' files, all together.
  var initrdByteCount: UInt64 { initrds.reduce(0) { $0 + UInt64($1.bytes.count) } }

  /// The path of the file that a segment for `role` comes from.
  package func path(of role: PlannedSegment.Role) -> String {
    switch role {
    case .initrd(let index) where initrds.indices.contains(index): initrds[index].path
    case .module(let index) where modules.indices.contains(index): modules[index].file.path
    default: kernel.path
    }
  }
}
