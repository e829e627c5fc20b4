// swift-tools-version: 6.2
import PackageDescription

// The lab is a package of its own, so that what it depends on never reaches the product.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "Lab",
  dependencies: [.package(name: "kexec", path: "..")],
  targets: [
    .executableTarget(name: "lab", dependencies: ["Scenarios", "LabKit"], swiftSettings: strict),
    .target(name: "Scenarios", dependencies: ["LabKit"], swiftSettings: strict),
    .target(
      name: "LabKit",
      dependencies: [.product(name: "CpioFormat", package: "kexec")],
      swiftSettings: strict),
    .testTarget(name: "LabTests", dependencies: ["lab", "LabKit"], swiftSettings: strict),
  ]
)
