/// How far the writing, or the reading back, of a dump has come.
package struct DumpProgress: Equatable, Sendable {
  /// Pages that are done.
  package let donePages: UInt64
  /// Pages in all.
  package let allPages: UInt64
  /// Bytes of the file so far: its size, as far as it is known.
  package let byteCount: UInt64
  /// Where the pages' data start in the file. What is written from there to `byteCount` does not change any more.
  package let dataStart: UInt64

  /// `donePages` of `allPages` are done.
  package init(donePages: UInt64, allPages: UInt64, byteCount: UInt64, dataStart: UInt64 = 0) {
    self.donePages = donePages
    self.allPages = allPages
    self.byteCount = byteCount
    self.dataStart = dataStart
  }
}
