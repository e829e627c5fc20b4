import LabKit

/// Files that are not valid: the program reports it and loads nothing.
let badInput: [Scenario] =
  LoadCall.allCases.flatMap { call in
    [
      badKernels(by: call).extra(if: call == .file), badInitrds(by: call).extra(if: call == .file),
      truncation(by: call).extra(if: call == .file),
      failedReload(by: call).extra(if: call == .file),
    ]
  } + [tooLongCommandLine, noRoom]

private func badKernels(by call: LoadCall) -> Scenario {
  .core("kernel missing, empty, a directory, random bytes, \(call.name)") { lab in
    let guest = try await lab.boot(.debian6_1, files: ["boot/random": lab.randomBytes(1_000_000)])
    try await guest.makeBadFiles()
    for file in badFiles + ["/boot/random"] {
      try await guest.mustRefuse("kexec \(call.rawValue) -l \(file)", saying: file)
    }
  }
}

private func badInitrds(by call: LoadCall) -> Scenario {
  .core("initrd missing, empty, a directory, \(call.name)") { lab in
    let guest = try await lab.boot(.debian6_1, carrying: [.lab])
    try await guest.makeBadFiles()
    let load = "kexec \(call.rawValue) -l \(Kernel.lab.path)"
    for file in badFiles {
      try await guest.mustRefuse("\(load) --initrd=\(file)", saying: file)
    }
  }
}

private func truncation(by call: LoadCall) -> Scenario {
  .core("kernel cut off at any length, \(call.name)") { lab in
    let guest = try await lab.boot(.debian6_1, carrying: [.lab])
    let kernel = Kernel.lab.path
    for length in [1, 511, 513, 600, 1024, 20_480, 20_481, 1_000_000, 3_000_000] {
      try await guest.run("head -c \(length) \(kernel) >/run/short")
      try await guest.mustRefuse("kexec \(call.rawValue) -l /run/short", saying: "/run/short")
    }
  }
}

private func failedReload(by call: LoadCall) -> Scenario {
  .core("a load that fails leaves the first one loaded, \(call.name)") { lab in
    let guest = try await lab.boot(
      .debian6_1, carrying: [.lab], files: ["boot/random": lab.randomBytes(1_000_000)])
    try await guest.load(.lab, by: call)
    try await guest.run("kexec \(call.rawValue) -l /boot/random; test $? -ne 0")

    try await guest.mustHaveLoaded(true)
    try await guest.jump().mustBe(.lab)
  }
}

private let tooLongCommandLine = Scenario.core("command line longer than the kernel takes") { lab in
  let guest = try await lab.boot(.debian6_1, carrying: [.lab])
  let words = String(repeating: "word ", count: 500)
  for call in LoadCall.allCases {
    let load = "kexec \(call.rawValue) -l \(Kernel.lab.path)"
    try await guest.mustRefuse(
      "\(load) --command-line='\(words)'", saying: "the command line is too long: 2500 bytes",
      othersSay: "load")
  }
}

private let noRoom = Scenario.core("no free memory: an initrd larger than the memory") { lab in
  let guest = try await lab.boot(.debian6_1, memory: 512, carrying: [.lab])
  try await guest.run("truncate -s 1G /run/large")
  for call in LoadCall.allCases {
    let load = "kexec \(call.rawValue) -l \(Kernel.lab.path)"
    try await guest.mustRefuse(
      "\(load) --initrd=/run/large",
      saying: "not enough memory: the load needs",
      othersSay: "Cannot allocate memory")
  }
}

/// A missing file, an empty one, and a directory.
private let badFiles = ["/run/missing", "/run/empty", "/run/directory"]

extension Guest {
  fileprivate func makeBadFiles() async throws {
    try await run("mkdir /run/directory; : >/run/empty")
  }
}
