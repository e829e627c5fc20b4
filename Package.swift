// swift-tools-version: 6.2
import PackageDescription

// One set of strict settings for every Swift target: see CONTRIBUTING.md.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
]

/// A module: a library target with the strict settings.
func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], links libraries: [String] = [],
  plugins: [Target.PluginUsage] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, swiftSettings: strict,
    linkerSettings: libraries.map { .linkedLibrary($0) }, plugins: plugins)
}

/// The tests of a module.
func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests",
    dependencies: [.target(name: name)] + dependencies,
    swiftSettings: strict)
}

let package = Package(
  name: "kexec",
  products: [
    .executable(name: "kexec", targets: ["kexec"]),
    .library(name: "CpioFormat", targets: ["CpioFormat"]),
  ],
  targets: [
    .executableTarget(
      name: "kexec", dependencies: ["KexecCommand", "CLinux"], swiftSettings: strict),
    module(
      "KexecCommand",
      [
        "KexecPlanning", "KexecABI", "KernelImages", "RunningSystem", "DumpWriting",
        "CrashLogs", "CrashDumps", "LinuxSystem",
        "PhysicalMemory", "PurgatoryImage", "ELFFormat", "Compression", "ByteCoding",
      ]),
    module(
      "KexecPlanning",
      [
        "KexecABI", "BootProtocols", "KernelImages", "PurgatoryImage", "RunningSystem",
        "CrashDumps",
        "PhysicalMemory", "ELFFormat", "CpioFormat", "Compression", "Digests", "Threads",
        "ByteCoding",
      ]),
    module("BootProtocols", ["KernelImages", "RunningSystem", "PhysicalMemory", "ByteCoding"]),
    module("KernelImages", ["ELFFormat", "Compression", "ByteCoding"]),
    module(
      "PurgatoryImage", ["CPurgatoryABI", "Digests", "ByteCoding"], plugins: ["BuildPurgatory"]),
    module(
      "RunningSystem",
      ["CrashDumps", "LinuxSystem", "PhysicalMemory", "ELFFormat", "Compression", "ByteCoding"]),
    module(
      "DumpWriting",
      [
        "CrashDumps", "PhysicalMemory", "ELFFormat", "Compression", "Digests", "Threads",
        "ByteCoding",
      ]),
    module("CrashLogs", ["CrashDumps", "ELFFormat", "ByteCoding"]),
    module("CrashDumps", ["ELFFormat", "PhysicalMemory", "Compression", "ByteCoding"]),
    module("LinuxSystem", ["KexecABI", "CLinux", "CLibrary", "PhysicalMemory", "ByteCoding"]),
    module("KexecABI", ["CLinux"]),
    module("PhysicalMemory", ["ByteCoding"]),
    module("Threads", ["CLibrary"]),
    module("ELFFormat", ["ByteCoding"]),
    module("CpioFormat"),
    // The objects of Embedded Swift do not name the libraries that module maps name.
    module(
      "Compression", ["CZlib", "CLzma", "CZstd", "CLz4", "CBzip2", "ByteCoding"],
      links: ["z", "lzma", "zstd", "lz4", "bz2"]),
    module("Digests", ["CDigests"]),
    module("ByteCoding", ["CLibrary"]),
    .target(name: "CLibrary"),
    .target(name: "CLinux"),
    .target(name: "CDigests"),
    .target(name: "CPurgatoryABI"),
    // Without pkgConfig, which would name this computer's libraries when another's program is built.
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CLzma", providers: [.apt(["liblzma-dev"])]),
    .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CLz4", providers: [.apt(["liblz4-dev"])]),
    .systemLibrary(name: "CBzip2", providers: [.apt(["libbz2-dev"])]),
    // For the tests only: under the GPL, which must not come into the product.
    .systemLibrary(name: "CLzo", providers: [.apt(["liblzo2-dev"])]),

    // The purgatory is compiled for no operating system, by a tool that the plugin runs.
    .executableTarget(
      name: "purgatory-build", dependencies: ["CPurgatoryABI", "ByteCoding"],
      swiftSettings: strict),
    .plugin(
      name: "BuildPurgatory", capability: .buildTool(), dependencies: ["purgatory-build"]),

    // Manual pages and completion, from the tables of options: script/documents.
    .executableTarget(
      name: "documents", dependencies: ["KexecCommand", "KernelImages", "LinuxSystem"],
      swiftSettings: strict),

    // What fixtures are made with. Goldens are in Tests/Fixtures.
    .target(
      name: "TestSupport",
      dependencies: [
        "KexecPlanning", "KernelImages", "RunningSystem", "CrashDumps", "LinuxSystem",
        "PhysicalMemory",
        "Compression", "CZlib", "CLzma", "CZstd", "CLz4", "CBzip2", "CLzo", "ByteCoding",
      ],
      path: "Tests/TestSupport", swiftSettings: strict),
    tests(
      of: "KexecCommand",
      [
        "documents", "TestSupport", "KexecABI", "KexecPlanning", "KernelImages", "PurgatoryImage",
        "RunningSystem", "DumpWriting", "CrashDumps", "CrashLogs",
        "LinuxSystem", "PhysicalMemory", "ELFFormat", "CpioFormat", "Compression", "ByteCoding",
      ]),
    tests(
      of: "KexecPlanning",
      [
        "TestSupport", "KexecABI", "CrashDumps", "ELFFormat", "CpioFormat", "Compression",
        "Digests",
        "KernelImages", "RunningSystem", "LinuxSystem", "PhysicalMemory", "ByteCoding",
      ]),
    tests(of: "BootProtocols", ["TestSupport", "RunningSystem", "PhysicalMemory", "ByteCoding"]),
    tests(of: "KernelImages", ["TestSupport", "ELFFormat", "Compression", "ByteCoding"]),
    tests(
      of: "RunningSystem",
      ["TestSupport", "CrashDumps", "ELFFormat", "LinuxSystem", "PhysicalMemory", "ByteCoding"]),
    tests(
      of: "CrashDumps",
      ["TestSupport", "Compression", "ELFFormat", "PhysicalMemory", "ByteCoding"]),
    tests(
      of: "DumpWriting",
      [
        "TestSupport", "CrashDumps", "Compression", "Digests", "Threads", "ELFFormat", "ByteCoding",
      ]),
    tests(of: "CrashLogs", ["CrashDumps", "TestSupport", "LinuxSystem", "ByteCoding"]),
    tests(of: "PhysicalMemory", ["TestSupport"]),
    tests(of: "ByteCoding", ["TestSupport"]),
    tests(of: "CpioFormat", ["TestSupport", "ByteCoding"]),
    tests(of: "Compression", ["TestSupport", "CLzo", "ByteCoding"]),
    tests(of: "Digests"),
    tests(
      of: "PurgatoryImage",
      ["TestSupport", "CPurgatoryABI", "CPurgatoryTestSupport", "ByteCoding", "Digests"]),
    .target(name: "CPurgatoryTestSupport", path: "Tests/CPurgatoryTestSupport"),
    .executableTarget(
      name: "digest-bench", dependencies: ["PurgatoryImage", "Digests", "CPurgatoryTestSupport"],
      path: "Tests/digest-bench", swiftSettings: strict),
  ]
)

// What is fuzzed. `swift test` replays the seeds and the finds; looking for more needs a sanitizer that
// ordinary builds do not have, and `script/fuzz` sets this.
let fuzzed: [Target.Dependency] = [
  "TestSupport", "KexecCommand", "KexecPlanning", "KexecABI", "KernelImages", "RunningSystem",
  "CrashDumps", "CrashLogs",
  "LinuxSystem", "PhysicalMemory", "ByteCoding",
]
if Context.environment["KEXEC_FUZZ"] == "1" {
  package.targets += [
    .executableTarget(
      name: "kexec-fuzz", dependencies: ["CLibFuzzer"] + fuzzed, path: "Fuzz",
      exclude: ["README.md", "Seeds", "Finds", "Tests", "CLibFuzzer"],
      sources: ["Targets", "Driver"], swiftSettings: strict),
    .target(name: "CLibFuzzer", path: "Fuzz/CLibFuzzer"),
  ]
} else {
  package.targets.append(
    .testTarget(
      name: "FuzzTests", dependencies: fuzzed, path: "Fuzz",
      exclude: ["README.md", "Seeds", "Finds", "Driver", "CLibFuzzer"],
      sources: ["Targets", "Tests"],
      swiftSettings: strict))
}
