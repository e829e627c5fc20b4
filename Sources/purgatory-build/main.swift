// Builds the purgatory: compile, assemble, link, check, and write its bytes as Swift source.
// Run by the plugin BuildPurgatory.

import Glibc

do {
  try build(Request(CommandLine.arguments.dropFirst()))
} catch {
  print("purgatory-build: \(error)")
  exit(1)
}
