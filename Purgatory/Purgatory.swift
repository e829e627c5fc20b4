// The purgatory: what runs between two kernels.
//
// The old kernel is gone and the next one does not run yet, so any failure here looks like a hanging machine
// to the user. Hence the design:
//
// - It is small and needs nothing: no allocation, no relocation, no run-time library, no SSE (the old kernel
//   leaves it off), no stack but its own. It runs at any address.
// - Everything that it must know is in one block of parameters (CPurgatoryABI.h), which the loader writes.
//   Its results are stored there as well.
// - It checks that the loaded segments are unchanged. If they are not, it always reports that, on COM1 if no
//   console was configured, and then resets the machine, so that a crashed server comes back by itself. It
//   never waits for ever.
// - Its own faults end in the same way: an exception is reported and the machine is reset.
//
// What only x86_64 has (entry, ports, reset) is in the directory x86_64.

import CPurgatoryABI
import Machine

/// The parameters, in the purgatory's own segment.
typealias Parameters = UnsafeMutablePointer<purgatory_parameters>

extension Parameters {
  /// Whether `flag` of PURGATORY_FLAG_... is set.
  func has(_ flag: Int32) -> Bool {
    // SAFETY: the caller has the block in our own segment.
    unsafe (pointee.flags & UInt32(truncatingIfNeeded: flag)) != 0
  }
}

/// Does all the work; returns if the next kernel may be entered.
#if compiler(>=6.3)
  @c(purgatory_run)
#else
  @_cdecl("purgatory_run")
#endif
func run(_ parameters: Parameters) {
  // SAFETY: start.S passes the block in our own segment; nobody else runs.
  guard unsafe areIntact(parameters) else {
    var console = Console()
    console.write("purgatory: its parameters were changed between load and jump\n")
    resetMachine(&console)
  }
  if unsafe parameters.has(PURGATORY_FLAG_RESETS_VGA) { resetVGA() }
  var console = unsafe Console(parameters)
  if unsafe !check(parameters, reportTo: &console) {
    resetMachine(&console)
  }
  unsafe recordTimestamps(parameters)
  unsafe tellWayBack(parameters)
  console.usesSerial = unsafe parameters.has(PURGATORY_FLAG_GREETS)
  console.write(
    unsafe parameters.pointee.digest_kind == UInt32(PURGATORY_DIGEST_NONE)
      ? "purgatory: nothing was checked, entering the kernel at "
      : "purgatory: checks passed, entering the kernel at ")
  unsafe console.write(address: parameters.pointee.entry)
  console.write("\n")
  if unsafe parameters.pointee.entry_mode == UInt16(PURGATORY_ENTRY_REAL) { restoreBIOSDevices() }
}

/// Reports an exception inside the purgatory, and resets the machine.
#if compiler(>=6.3)
  @c(purgatory_exception)
#else
  @_cdecl("purgatory_exception")
#endif
func exception(_ vector: UInt64, _ error: UInt64, _ address: UInt64, _ parameters: Parameters) {
  // An exception during this report resets the machine without a message.
  machine_drop_interrupt_table()
  // SAFETY: start.S passes the block in our own segment; nobody else runs.
  var console = unsafe areIntact(parameters) ? Console(parameters) : Console()
  console.write("purgatory: exception ")
  console.write(decimal: vector)
  console.write(" at ")
  console.write(address: address)
  console.write(", error code ")
  console.write(address: error)
  if vector == 14 {
    console.write(", page fault for ")
    console.write(address: machine_fault_address())
  }
  console.write("\n")
  resetMachine(&console)
}

/// Makes the checks and writes the texts, for tests in an ordinary process: 0 if the digest is right, 1 if it
/// is wrong, 2 for bad parameters.
#if compiler(>=6.3)
  @c(purgatory_verify)
#else
  @_cdecl("purgatory_verify")
#endif
func verify(_ parameters: Parameters) -> Int32 {
  // SAFETY: start.S passes the block in our own segment.
  guard unsafe areIntact(parameters) else { return 2 }
  guard unsafe Check(parameters).passed else { return 1 }
  unsafe recordTimestamps(parameters)
  unsafe tellWayBack(parameters)
  return 0
}

/// Whether the parameters are what the loader wrote.
private func areIntact(_ parameters: Parameters) -> Bool {
  // SAFETY: see the callers.
  var checksum = Komihash()
  unsafe checksum.update(
    UnsafeRawBufferPointer(start: parameters, count: Int(PURGATORY_CHECKSUM)))
  return unsafe parameters.pointee.checksum == checksum.finish()
    && parameters.pointee.magic == UInt64(PURGATORY_MAGIC)
    && parameters.pointee.version == UInt32(PURGATORY_VERSION)
    && parameters.pointee.entry_mode <= UInt16(PURGATORY_ENTRY_FOUR_LEVELS)
    && parameters.pointee.digest_kind <= UInt32(PURGATORY_DIGEST_KOMIHASH)
    && parameters.pointee.region_count <= UInt32(PURGATORY_REGION_LIMIT)
}

/// Checks the segments, and reports a wrong digest.
private func check(_ parameters: Parameters, reportTo console: inout Console) -> Bool {
  // SAFETY: see the callers.
  let check = unsafe Check(parameters)
  if check.passed { return true }
  console.write("purgatory: ")
  console.write(check.algorithm)
  console.write(" mismatch: a loaded segment was changed between load and jump\n")
  console.write("purgatory: expected ")
  // SAFETY: the block has space for the longest digest, and `found` is a local variable.
  unsafe console.write(
    hexadecimal: UnsafeRawBufferPointer(
      start: purgatory_digest(parameters), count: check.byteCount))
  console.write("\npurgatory: found    ")
  unsafe withUnsafeBytes(of: check.found) {
    unsafe console.write(
      hexadecimal: UnsafeRawBufferPointer(start: $0.baseAddress, count: check.byteCount))
  }
  console.write("\n")
  return false
}
