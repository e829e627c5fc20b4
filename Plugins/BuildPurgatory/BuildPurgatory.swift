import Foundation
import PackagePlugin

/// Compiles the purgatory for x86_64 and hands its bytes to the target as Swift source.
///
/// All the work is one command with one output: SwiftPM would take outputs that are no source, such as
/// object files, for resources, and link Foundation.
@main
struct BuildPurgatory: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    let package = context.package.directoryURL
    let purgatory = package.appending(path: "Purgatory")
    let machine = purgatory.appending(path: "x86_64")
    let digests = package.appending(path: "Sources/Digests")
    let headers = [
      package.appending(path: "Sources/CPurgatoryABI/include"),
      package.appending(path: "Sources/CDigests/include"), machine.appending(path: "include"),
    ]
    let script = machine.appending(path: "purgatory.ld")
    let assembly = machine.appending(path: "start.S")
    let sources = try [digests, purgatory, machine].flatMap { try files(in: $0, named: ".swift") }
    let output = context.pluginWorkDirectoryURL.appending(path: "Purgatory-x86_64.swift")

    var arguments = [
      "--swiftc", try context.tool(named: "swiftc").url.path(percentEncoded: false),
      "--clang", try context.tool(named: "clang").url.path(percentEncoded: false),
      "--linker", try context.tool(named: "ld.lld").url.path(percentEncoded: false),
      "--target", "x86_64-unknown-none-elf",
      "--script", script.path(percentEncoded: false),
      "--assembly", assembly.path(percentEncoded: false),
      "--work", context.pluginWorkDirectoryURL.path(percentEncoded: false),
      "--output", output.path(percentEncoded: false),
    ]
    for directory in headers {
      arguments += ["--include", directory.path(percentEncoded: false)]
    }
    arguments += sources.map { $0.path(percentEncoded: false) }

    return [
      .buildCommand(
        displayName: "Building the purgatory for x86_64",
        executable: try context.tool(named: "purgatory-build").url,
        arguments: arguments,
        inputFiles: try sources + [script, assembly] + headers.flatMap { try files(in: $0) },
        outputFiles: [output])
    ]
  }

  /// The files of `directory` whose name ends in `suffix`, in an order that never changes.
  private func files(in directory: URL, named suffix: String = "") throws -> [URL] {
    try FileManager.default.contentsOfDirectory(atPath: directory.path(percentEncoded: false))
      .filter { $0.hasSuffix(suffix) && $0.contains(".") }
      .sorted()
      .map { directory.appending(path: $0) }
  }
}
