// The purgatory: what runs between two kernels.
//
// The old kernel is gone and the next one is not there yet, so all that can go wrong here looks to
// the user like a machine that hangs. Hence the design:
//
// - It is small and needs nothing: no allocation, no relocation, no run-time library, no SSE (the
//   old kernel leaves it off), no stack but its own. It runs at whatever address it was loaded to.
// - Everything that it has to know is in one block of parameters (CPurgatoryABI.h), written by the
//   loader. What it finds out goes there as well.
// - It checks that the loaded segments are what they were when they were loaded. If they are not,
//   it always says so, on COM1 if no console was configured, and then it resets the machine: a
//   crashed server comes back by itself. It never loops.
// - Its own mistakes end the same way: an exception is reported and the machine is reset.
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

/// Does all the work; returns when the next kernel may be entered.
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
  // An exception while we report this one is not reported but resets the machine.
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

/// Whether the digest is right: the checks and what is written after them, for tests in an ordinary process.
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

/// Checks the segments, and says what is wrong with them.
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
