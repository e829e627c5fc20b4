// All of this target is in its header; SwiftPM wants a source file.
