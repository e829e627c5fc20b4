import CrashDumps
import LinuxSystem
import RunningSystem
import TestSupport

/// The bytes are a `/proc/kcore`. The module `m` has a list of parameters in it, and the headers
/// say where the kernel has its memory.
func fuzzKernelMemory(_ input: Input) -> Int32 {
  var files = kernelFiles
  files["/proc/kcore"] = input.bytes
  let tree = TemporaryTree(bytes: files)
  let machine = Machine.read(FileTree(root: tree.path), with: [.modules, .crash])
  guard let module = machine.modules?.modules.first else { fatalError("no module") }
  expect(
    module.parameters.count + module.unreadable.count <= 512, "not more parameters than the limit")
  for parameter in module.parameters {
    for text in [parameter.name, parameter.value] {
      expect(text.utf8.count <= 4096 && text.utf8.allSatisfy { $0 < 0x80 }, "a short plain text")
    }
  }
  if let image = machine.crash?.kernelImage {
    expect(image.virtualStart >= 0xFFFF_FFFF_8000_0000, "the kernel's image is where images are")
  }
  if let offset = machine.crash?.directMap {
    expect(offset % (1 << 30) == 0, "the direct map is moved by whole GiB")
  }
  return withExtendedLifetime(tree) { 0 }
}

/// The other files of the machine: where the list begins, and the types of the parameters.
private let kernelFiles: [String: [UInt8]] = [
  "/proc/modules": "m 4096 0 - Live 0x0",
  "/proc/iomem": "00001000-3fffffff : System RAM\n  01000000-01dfffff : Kernel code",
  "/sys/module/m/sections/__param": "0xffffffffc0000000",
  "/sys/module/m/sections/.gnu.linkonce.this_module": "0xffffffffc0000800",
  "/proc/kallsyms": """
  ffffffff81000010 D param_ops_int
  ffffffff81000030 D param_ops_charp
  ffffffff81000040 D param_ops_bool
  ffffffff81000050 D param_ops_invbool
  ffffffff81000060 D param_ops_byte
  ffffffff81000070 D param_ops_long
  """,
].mapValues { Array($0.utf8) }
