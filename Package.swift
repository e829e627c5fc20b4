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
    .executableTarget(name: "kexec", dependencies: ["LinuxSystem"], swiftSettings: strict),
    room("LinuxSystem", ["CLinux", "ByteCoding"]),
    room(
      "PurgatoryImage", ["CPurgatoryABI", "ByteCoding", "Digests"], plugins: ["BuildPurgatory"]),
    room("Digests"),
    room("PhysicalMemory"),
    room("ByteCoding"),
    .target(name: "CLinux"),
    .target(name: "CPurgatoryABI"),
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
  ]
)
