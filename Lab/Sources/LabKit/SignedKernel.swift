/// A key with which the lab signs its own kernel.
public enum SigningKey: String, Sendable {
  /// The key that is built into the lab's kernel.
  case right
  /// A key that no kernel knows.
  case wrong
}

extension Lab {
  /// The lab's own kernel, signed with `key`.
  public func labKernel(signedBy key: SigningKey) throws -> [UInt8] {
    // Skips the scenario if the lab's kernel was not built.
    _ = try Kernel.lab.file(in: workshop)
    return try contents(of: "\(workshop.kernels)/lab/signed-\(key.rawValue)")
  }
}
