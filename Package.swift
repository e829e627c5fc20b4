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
    .executable(name: "kexec", targets: ["kexec"]),
    .library(name: "CpioFormat", targets: ["CpioFormat"]),
  ],
  targets: [
    .executableTarget(name: "kexec", dependencies: ["LinuxSystem"], swiftSettings: strict),
    room("LinuxSystem", ["CLinux", "ByteCoding"]),
    room("PhysicalMemory"),
    room("CpioFormat"),
    room("ByteCoding"),
    .target(name: "CLinux"),
    tests(of: "ByteCoding"),
    tests(of: "CpioFormat"),
  ]
)
