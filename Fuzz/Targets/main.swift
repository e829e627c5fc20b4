internal import CLibFuzzer
internal import Glibc

// kexec-fuzz NAME [options and folders of libFuzzer]
//
// libFuzzer keeps calling the target's function; a trap, an address error, a broken `expect`, or a
// call that takes too long is a find. `script/fuzz` is the way to run this.

let targets: [String: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32] = unsafe [
  "bzimage": { unsafe fuzzBzImage(Input(start: $0, count: $1)) },
  "uki": { unsafe fuzzUnified(Input(start: $0, count: $1)) },
  "images": { unsafe fuzzImages(Input(start: $0, count: $1)) },
  "packed": { unsafe fuzzPacked(Input(start: $0, count: $1)) },
  "initrd": { unsafe fuzzInitrd(Input(start: $0, count: $1)) },
  "iomem": { unsafe fuzzIOMemory(Input(start: $0, count: $1)) },
  "machine": { unsafe fuzzMachine(Input(start: $0, count: $1)) },
  "kcore": { unsafe fuzzKernelMemory(Input(start: $0, count: $1)) },
  "options": { unsafe fuzzOptions(Input(start: $0, count: $1)) },
  "commandline": { unsafe fuzzCommandLine(Input(start: $0, count: $1)) },
]

guard CommandLine.arguments.count > 1, let test = unsafe targets[CommandLine.arguments[1]] else {
  for name in unsafe targets.keys.sorted() { print(name) }
  exit(2)
}
var count = CommandLine.argc - 1
// SAFETY: argv lives as long as the process; its second word takes the place of the program's name.
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? =
  unsafe CommandLine.unsafeArgv + 1
exit(unsafe LLVMFuzzerRunDriver(&count, &arguments, test))
