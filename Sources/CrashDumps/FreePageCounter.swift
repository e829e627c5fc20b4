internal import ByteCoding

/// The kernel's own number of free pages: NR_FREE_PAGES of all zones of all nodes.
struct FreePageCounter: Equatable {
  let pages: UInt64
  let zoneCount: Int

  /// More nodes than a kernel can have.
  private static let nodeLimit = 4096
  /// More zones than a node can have.
  private static let zoneLimit: UInt32 = 16

  init<Memory: KernelAddressSpace>(_ memory: Memory) throws(CrashImageError) {
    let information = memory.information
    let nodes = try information.requiredSymbol("node_data")
    let zoneSize = try information.requiredSize("zone")
    let zonesOffset = try information.requiredOffset("pglist_data.node_zones")
    let countOffset = try information.requiredOffset("pglist_data.nr_zones")
    guard let number = information.number("NR_FREE_PAGES"), number < 1024 else {
      throw .missingKey("NUMBER(NR_FREE_PAGES)")
    }
    let counter = try information.requiredOffset("zone.vm_stat") + 8 * Int(number)
    guard let nodeCount = information.length("node_data"), nodeCount <= Self.nodeLimit else {
      throw .missingKey("LENGTH(node_data)")
    }
    var (pages, zones): (UInt64, Int) = (0, 0)
    for node in 0..<nodeCount {
      let data = try memory.load(UInt64.self, at: nodes &+ 8 * UInt64(node))
      guard data != 0 else { continue }
      let count = try memory.load(UInt32.self, at: data &+ UInt64(countOffset))
      for zone in 0..<min(count, Self.zoneLimit) {
        let place = data &+ UInt64(zonesOffset) &+ UInt64(zone) &* UInt64(zoneSize)
        pages = pages &+ (try memory.load(UInt64.self, at: place &+ UInt64(counter)))
        zones += 1
      }
    }
    self.pages = pages
    zoneCount = zones
  }

  /// Whether so many free pages are what the counter says. Each processor counts up to 125 pages of each zone that
  /// it has not added yet.
  func agrees(with found: UInt64, processors: Int) -> Bool {
    let difference = found > pages ? found - pages : pages - found
    return difference <= UInt64(max(1000, 125 * max(processors, 1) * zoneCount))
  }
}
