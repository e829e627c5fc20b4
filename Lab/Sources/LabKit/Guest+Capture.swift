extension Guest {
  /// The files of /proc and /sys that kexec reads, as a compressed tar archive.
  public func capture() async throws -> [UInt8] {
    let roots = Self.capturedPaths.joined(separator: " ")
    // The files are copied first: tar relies on file sizes, which are wrong in /proc and /sys.
    return try await run(
      """
      for root in \(roots); do [ -e "$root" ] && find "$root" -type f; done |
      while read -r file; do
        copy=/run/capture$file
        mkdir -p "${copy%/*}"
        cat "$file" >"$copy" || rm "$copy"
      done
      # Only the headers: behind them is all of the memory.
      head -c 4096 /proc/kcore >/run/capture/proc/kcore
      for link in /sys/class/net/*; do mkdir -p "/run/capture$link"; done
      tar -c -z -f - -C /run/capture . | cat
      """
    ).bytes
  }

  private static let capturedPaths = [
    "/proc/cmdline", "/proc/consoles", "/proc/cpuinfo", "/proc/fb", "/proc/iomem",
    "/proc/meminfo", "/proc/self/mounts", "/proc/self/status", "/proc/self/uid_map",
    "/proc/sys/kernel/kexec_*", "/proc/tty/driver/serial", "/proc/version",
    "/sys/class/tty/ttyS*/port", "/sys/class/tty/ttyS*/type", "/sys/class/tty/ttyS*/uartclk",
    "/sys/class/tty/ttyS*/io*", "/sys/firmware/acpi/tables/SPCR",
    "/sys/devices/system/cpu/cpu*/crash_notes*",
    "/sys/devices/system/cpu/online", "/sys/devices/system/cpu/possible",
    "/sys/devices/system/memory/block_size_bytes", "/sys/firmware/edd",
    "/sys/firmware/efi/config_table", "/sys/firmware/efi/fw_*", "/sys/firmware/efi/runtime*",
    "/sys/firmware/efi/systab", "/sys/firmware/memmap", "/sys/kernel/boot_params",
    "/sys/kernel/crash_elfcorehdr_size", "/sys/kernel/kexec*", "/sys/kernel/security/lockdown",
    "/sys/kernel/vmcoreinfo",
  ]
}
