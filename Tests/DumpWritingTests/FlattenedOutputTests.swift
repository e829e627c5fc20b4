import Testing

@testable import DumpWriting

@Suite("Flattened files are written")
struct FlattenedOutputTests {
}
