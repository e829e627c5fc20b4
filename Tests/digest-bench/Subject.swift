import CPurgatoryTestSupport
import Digests
import Glibc
import PurgatoryImage

/// Memory whose digest is made.
@safe struct Subject {
  private let bytes: UnsafeRawBufferPointer

  /// As many bytes of no pattern, never freed; nil if there is no memory.
  init?(byteCount: Int) {
    let memory = unsafe mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let start = unsafe memory, unsafe start != MAP_FAILED else { return nil }
    // The old kernel's identity map has large pages as well.
    _ = unsafe madvise(start, byteCount, MADV_HUGEPAGE)
    for offset in stride(from: 0, to: byteCount, by: 8) {
      unsafe start.storeBytes(
        of: UInt64(offset) &* 0x9e37_79b9_7f4a_7c15, toByteOffset: offset, as: UInt64.self)
    }
    unsafe bytes = UnsafeRawBufferPointer(start: start, count: byteCount)
  }

  /// The digest, made by the loader's code.
  func komihash() -> PurgatoryParameters.Digest {
    var digest = Komihash()
    unsafe digest.update(bytes)
    return .init(finishing: digest)
  }

  /// The digest, made by the loader's code.
  func sha256(usingInstructions: Bool) -> PurgatoryParameters.Digest {
    var digest = SHA256(usingInstructions: usingInstructions)
    unsafe digest.update(bytes)
    return .init(finishing: digest)
  }

  /// Bytes in a nanosecond of processor time, as OpenSSL counts; that is gigabytes in a second.
  func speed(_ work: () -> Void) -> Double {
    var before = timespec()
    var after = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before)
    work()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after)
    let nanoseconds =
      (after.tv_sec - before.tv_sec) * 1_000_000_000 + (after.tv_nsec - before.tv_nsec)
    return unsafe Double(bytes.count) / Double(nanoseconds)
  }

  /// The same for the purgatory's code, which has to agree with `digest`.
  func purgatorySpeed(
    _ digest: PurgatoryParameters.Digest, usingInstructions: Bool = true
  ) -> Double {
    let region = unsafe PurgatoryParameters.Region(
      start: UInt64(UInt(bitPattern: bytes.baseAddress)), byteCount: UInt64(bytes.count))
    let purgatory = Purgatory.x86_64
    let parameters = PurgatoryParameters(
      entry: .long(address: 0, rsi: 0), digest: digest, regions: [region],
      usesInstructions: usingInstructions)
    guard let blob = try? purgatory.encode(parameters) else { return 0 }
    return speed {
      // SAFETY: the blob is position-independent code that reads its parameters and their regions.
      let result = unsafe purgatory_call(
        blob, blob.count, purgatory.memorySize, purgatory.verifyOffset, 0)
      guard result == 0 else {
        print("digest-bench: the purgatory's check ended with \(result)")
        exit(1)
      }
    }
  }
}

/// What OpenSSL says about itself, with blocks of 16 KiB that stay in the cache; 0 without OpenSSL.
func openSSLSpeed() -> Double {
  let command = "openssl speed -evp sha256 -bytes 16384 -seconds 1 2>/dev/null"
  guard let pipe = unsafe popen(command, "r") else { return 0 }
  defer { unsafe pclose(pipe) }
  var line = [CChar](repeating: 0, count: 200)
  var speed = 0.0
  while unsafe fgets(&line, Int32(line.count), pipe) != nil {
    let text = String(
      decoding: line.map { UInt8(bitPattern: $0) }.prefix { $0 != 0 && $0 != 0x0a }, as: UTF8.self)
    guard text.hasPrefix("sha256"), let last = text.split(separator: " ").last else { continue }
    speed = (Double(String(last.dropLast())) ?? 0) / 1e6  // it counts in thousands
  }
  return speed
}
