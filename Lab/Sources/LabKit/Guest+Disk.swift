extension Guest {
  /// From now on the disk writes at most so many bytes each second.
  public func slowDisk(to bytes: Int) async throws {
    try await machine.order("block_set_io_throttle disk 0 0 \(bytes) 0 0 0")
  }

  /// Pulls the disk out.
  public func removeDisk() async throws { try await machine.order("device_del nvme") }
}
