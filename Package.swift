// swift-tools-version: 6.2
import PackageDescription

// One set of strict settings for every Swift target: see CONTRIBUTING.md.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
]

/// A room of the house: a library target with the strict settings.
func room(
  _ name: String, _ dependencies: [Target.Dependency] = [], plugins: [Target.PluginUsage] = []
) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict, plugins: plugins)
}

/// The tests of a room.
func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests",
    dependencies: [.target(name: name)] + dependencies,
    swiftSettings: strict)
}

let package = Package(
  name: "kexec",
  products: [
    .executable(name: "kexec", targets: ["kexec"])
  ],
  targets: [
    .executableTarget(name: "kexec", dependencies: ["KexecCommand"], swiftSettings: strict),
    room(
      "KexecCommand",
      [
        "KexecPlanning", "KernelImages", "RunningSystem", "LinuxSystem", "PhysicalMemory",
        "ByteCoding",
      ]),
    room(
      "KexecPlanning",
      [
        "BootProtocols", "KernelImages", "PurgatoryImage", "RunningSystem", "PhysicalMemory",
        "Digests", "ByteCoding",
      ]),
    room("BootProtocols", ["KernelImages", "RunningSystem", "PhysicalMemory", "ByteCoding"]),
    room("KernelImages", ["Compression", "ByteCoding"]),
    room(
      "PurgatoryImage", ["CPurgatoryABI", "Digests", "ByteCoding"], plugins: ["BuildPurgatory"]),
    room("RunningSystem", ["LinuxSystem", "PhysicalMemory"]),
    room("LinuxSystem", ["CLinux", "PhysicalMemory", "ByteCoding"]),
    room("PhysicalMemory"),
    room("Compression", ["CZlib", "ByteCoding"]),
    room("Digests", ["CDigests"]),
    room("ByteCoding"),
    .target(name: "CLinux"),
    .target(name: "CDigests"),
    .target(name: "CPurgatoryABI"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

    // The purgatory is compiled for no operating system, by a tool that the plugin runs.
    .executableTarget(
      name: "purgatory-build", dependencies: ["CPurgatoryABI", "ByteCoding"],
      swiftSettings: strict),
    .plugin(
      name: "BuildPurgatory", capability: .buildTool(), dependencies: ["purgatory-build"]),

    tests(of: "ByteCoding"),
    tests(of: "Digests"),
    tests(
      of: "PurgatoryImage", ["CPurgatoryABI", "CPurgatoryTestSupport", "ByteCoding", "Digests"]),
    .target(name: "CPurgatoryTestSupport", path: "Tests/CPurgatoryTestSupport"),
    .executableTarget(
      name: "digest-bench", dependencies: ["PurgatoryImage", "Digests", "CPurgatoryTestSupport"],
      path: "Tests/digest-bench", swiftSettings: strict),
  ]
)
