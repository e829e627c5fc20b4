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
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
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
    room("RunningSystem", ["LinuxSystem", "PhysicalMemory"]),
    room("LinuxSystem", ["CLinux", "ByteCoding", "PhysicalMemory"]),
    room("BootProtocols", ["KernelImages", "RunningSystem", "PhysicalMemory", "ByteCoding"]),
    room("KernelImages", ["ByteCoding", "Compression"]),
    room("Compression", ["ByteCoding", "CZlib"]),
    room("PhysicalMemory"),
    room("ByteCoding"),
    .target(name: "CLinux"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    tests(of: "ByteCoding"),
    tests(of: "KernelImages", ["ByteCoding", "TestSupport"]),
    .target(
      name: "TestSupport", dependencies: ["ByteCoding", "KernelImages"], path: "Tests/TestSupport",
      swiftSettings: strict),
  ]
)
