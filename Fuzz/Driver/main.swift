internal import CLibFuzzer
internal import Glibc

// kexec-fuzz NAME [options and files of libFuzzer]
//
// libFuzzer keeps calling the target's function; a trap, an address error, a broken `expect`, or a
// call that takes too long is a find. `script/fuzz` is the way to run this.

_ = chosenTarget
var count = CommandLine.argc - 1
// SAFETY: argv lives as long as the process; its second word takes the place of the program's name.
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? =
  unsafe CommandLine.unsafeArgv + 1
let status = unsafe LLVMFuzzerRunDriver(&count, &arguments) { start, count in
  // SAFETY: libFuzzer passes `count` bytes that live until the target returns.
  chosenTarget.test(unsafe [UInt8](UnsafeBufferPointer(start: start, count: count)))
}
exit(status)
