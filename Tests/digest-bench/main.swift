// Measures the digests: the purgatory's own code, called in this process, and the loader's, next to
// OpenSSL's SHA-256. Usage: swift run -c release digest-bench [ROUNDS [MEBIBYTES]]

import Digests
import Glibc
import PurgatoryImage

let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
let rounds = max(arguments.first ?? 7, 1)
let size = max(arguments.dropFirst().first ?? 256, 1) << 20
guard let subject = Subject(byteCount: size) else {
  print("digest-bench: no memory")
  exit(1)
}

let hasInstructions = SHA256.hasInstructions
let komihash = subject.komihash()
let sha256 = subject.sha256(usingInstructions: hasInstructions)
let contestants: [(name: String, speed: () -> Double)] = [
  ("openssl sha256", { openSSLSpeed() }),
  ("purgatory komihash", { subject.purgatorySpeed(komihash) }),
  ("purgatory sha256", { subject.purgatorySpeed(sha256) }),
  (
    "purgatory sha256 in Swift", { subject.purgatorySpeed(sha256, usingInstructions: false) }
  ),
  ("loader komihash", { subject.speed { _ = subject.komihash() } }),
  (
    "loader sha256",
    { subject.speed { _ = subject.sha256(usingInstructions: hasInstructions) } }
  ),
  ("loader sha256 in Swift", { subject.speed { _ = subject.sha256(usingInstructions: false) } }),
]

var speeds = Array(repeating: [Double](), count: contestants.count)
for _ in 0..<rounds {
  for index in contestants.indices { speeds[index].append(contestants[index].speed()) }
}

print(
  "\(size >> 20) MiB, median of \(rounds) rounds; "
    + (hasInstructions ? "with" : "without") + " SHA instructions")
print("digest\tGB/s\tlowest\thighest\ttimes openssl")
let medians = speeds.map { $0.sorted()[rounds / 2] }
for index in contestants.indices {
  let sorted = speeds[index].sorted()
  let ratio = medians[0] > 0 ? text(medians[index] / medians[0]) : "-"
  print(
    contestants[index].name, text(medians[index]), text(sorted[0]), text(sorted[rounds - 1]), ratio,
    separator: "\t")
}

/// `value` with two decimals.
func text(_ value: Double) -> String {
  let hundredths = Int((value * 100).rounded())
  let digits = String(hundredths % 100)
  return "\(hundredths / 100).\(digits.count < 2 ? "0" : "")\(digits)"
}
