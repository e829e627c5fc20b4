import LabKit

/// Kernel files of other types than a plain bzImage.
let images: [Scenario] = [compressed, packedForSegments, vmlinux]

/// All seven formats in one machine: each is loaded, and one of them is started.
private let compressed = Scenario(
  "a kernel file compressed as a whole, in seven formats, kexec_file_load"
) { lab in
  let kernel = try lab.file(of: .debian6_12)
  var files: [String: [UInt8]] = [:]
  for compressor in Compressor.allCases {
    files["boot/\(compressor.rawValue)"] = try compressor.compress(kernel)
  }
  let guest = try await lab.boot(.debian6_1, memory: 1536, carrying: [.debian6_12], files: files)
  for compressor in Compressor.allCases {
    try await guest.run(load("/boot/\(compressor.rawValue)", by: .file))
    try await guest.mustHaveLoaded(true)
    try await guest.run("kexec -u")
  }
  try await guest.run("head -c 4000000 /boot/zstd >/run/short")
  try await guest.mustRefuse(load("/run/short", by: .file), saying: "cut off at byte")
  try await guest.run(load("/boot/zstd", by: .file))
  try await guest.jump().mustBe(.debian6_12)
}

private let packedForSegments = Scenario(
  "a kernel file compressed as a whole, kexec_load"
) { lab in
  let file = try Compressor.gzip.compress(lab.file(of: .debian6_12))
  let guest = try await lab.boot(
    .debian6_1, carrying: [.debian6_12], files: ["boot/gzip": file])
  try await guest.mustNote("gzip as a whole", when: load("/boot/gzip", by: .classic))
  try await guest.run(load("/boot/gzip", by: .classic))
  try await guest.jump().mustBe(.debian6_12)
}

private let vmlinux = Scenario("a vmlinux: by kexec_load, with and without relocation table") {
  lab in
  let kernel = try lab.unpack(.debian6_12)
  let guest = try await lab.boot(
    .debian6_1, memory: 1536, carrying: [.debian6_12],
    files: ["boot/vmlinux.zst": try Compressor.zstd.compress(kernel)])
  let command = load("/boot/vmlinux.zst", by: .classic)
  try await guest.mustRefuse(
    load("/boot/vmlinux.zst", by: .file), saying: "kexec_file_load takes no file of type")
  try await guest.mustRefuse(command + " --type=bzImage", saying: "elf-x86_64")
  try await guest.run(command + " --type=elf-x86_64")
  let next = try await guest.jump()
  try next.mustBe(.debian6_12)
  let place = try await next.place()
  try expect(place.virtualShift != 0, "the kernel has its relocation table, and was not moved")
}

private func load(_ kernel: String, by call: LoadCall) -> String {
  "kexec \(call.rawValue) -l \(kernel) --initrd=/boot/initrd --command-line='\(Lab.commandLine)'"
}
