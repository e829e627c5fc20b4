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
    room("Compression", ["CZlib", "CLzma", "CZstd", "CLz4", "CBzip2", "ByteCoding"]),
    room("Digests"),
    room("ByteCoding"),
    .target(name: "CLinux"),
    .target(name: "CPurgatoryABI"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CLzma", pkgConfig: "liblzma", providers: [.apt(["liblzma-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CLz4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
    .systemLibrary(name: "CBzip2", providers: [.apt(["libbz2-dev"])]),
    // For the tests only: under the GPL, which must not come into the product.
    .systemLibrary(name: "CLzo", pkgConfig: "lzo2", providers: [.apt(["liblzo2-dev"])]),

    // The purgatory is compiled for no operating system, by a tool that the plugin runs.
    .executableTarget(
      name: "purgatory-build", dependencies: ["CPurgatoryABI", "ByteCoding"],
      swiftSettings: strict),
    .plugin(
      name: "BuildPurgatory", capability: .buildTool(), dependencies: ["purgatory-build"]),

    tests(of: "ByteCoding"),
    tests(
      of: "Compression",
      ["CZlib", "CLzma", "CZstd", "CLz4", "CBzip2", "CLzo", "ByteCoding"]),
    tests(of: "Digests"),
    tests(
      of: "PurgatoryImage", ["CPurgatoryABI", "CPurgatoryTestSupport", "ByteCoding", "Digests"]),
    .target(name: "CPurgatoryTestSupport", path: "Tests/CPurgatoryTestSupport"),
  ]
)
