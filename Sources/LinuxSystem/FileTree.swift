/// Files below a root folder: the running machine's own tree, or one captured from another.
package struct FileTree: Sendable {
  /// The folder that stands for `/`, without a final slash; empty for `/` itself.
  package let root: String

  /// The tree below `root`.
  package init(root: String) {
    self.root = root == "/" ? "" : root
  }
}
