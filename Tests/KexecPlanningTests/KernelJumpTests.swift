import KexecABI
import ByteCoding
import PhysicalMemory
import RunningSystem
import Testing

@testable import KexecPlanning

@Suite struct KernelJumpTests {
  /// The kernel's memory must be swapped, and it must not know of any other RAM, so that it cannot
  /// overwrite it.
  @Test("All RAM of a kernel that returns lies in segments and other RAM is reserved")
  func segmentsCoverRAMOfReturningKernel() throws {
    let load = try segments(on: guest()) {
      $0.options.preservesContext = true
      $0.initrds = [file(1_000_000)]
    }
    #expect(load.flags == 0x3E_0002)
    #expect(load.segments.count <= segmentLimit)
    let segments = PhysicalRangeSet(load.segments.map(\.destination))
    #expect(load.memoryMap.ranges(of: .ram) == segments)
    let low = physical(0x1000, 0x9_E000)
    #expect(segments.ranges.first == low && segments.ranges.count == 2)
    // 128 MiB and three times the initrd, in units of 2 MiB.
    #expect(segments.byteCount - low.byteCount == 132 << 20)
    // All other RAM of the machine is in the map, but reserved.
    #expect(load.memoryMap.ranges(of: .reserved).contains(physical(0x10_0000, 0x1000_0000)))
  }

  @Test("The memory bounds of the request are the region of a kernel that returns")
  func boundsAreRegionOfReturningKernel() throws {
    let load = try segments(on: guest()) {
      $0.options.preservesContext = true
      $0.options.memoryBounds = physical(0x2000_1000, 0x1000_0000)
    }
    let segments = PhysicalRangeSet(load.segments.map(\.destination))
    #expect(segments.ranges.last == physical(0x2020_0000, 0xFE0_0000))
    let error = #expect(throws: PlanningError.self) {
      try KexecPlanningTests.segments(on: guest()) {
        $0.options.preservesContext = true
        $0.options.memoryBounds = physical(0x2000_1000, 0x10_0000)
      }
    }
    guard case .noRoom(let space)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(space.role == .workspace)
  }

  /// The parameter that the purgatory adds, 41 characters, must fit as well.
  @Test("The command line of a kernel that returns keeps space for kexec_jump_back_entry=")
  func keepsSpaceForReturnParameter() throws {
    let load = try segments(on: guest()) {
      $0.options.preservesContext = true
      $0.options.commandLine = String(repeating: "x", count: 2047 - 41)
    }
    let purgatory = try #require(load.segments.first { $0.role == .purgatory }).bytes.array
    let block = try place(of: .bootBlock, in: load)
    #expect(purgatory.loadField(Field<UInt64>(0x40 + 0x50)) == block.start.value + 0x1000 + 2006)
    #expect(throws: PlanningError.commandLineTooLong(length: 2007, limit: 2006)) {
      try segments(on: guest()) {
        $0.options.preservesContext = true
        $0.options.commandLine = String(repeating: "x", count: 2007)
      }
    }
  }

  /// If there are parameters for init, the purgatory's parameter overwrites spaces before them. The
  /// line, the offset, and the line with the parameter.
  @Test(
    "The purgatory's kexec_jump_back_entry= stands before -- on the command line",
    arguments: [
      ("a -- b", 1, "a WORD -- b"), ("a  --  b ", 2, "a  WORD --  b "), ("-- b", 0, " WORD -- b"),
      ("a", 1, "a WORD"), ("", 0, " WORD"),
    ])
  func putsReturnParameterBeforeDoubleDash(line: String, start: Int, wanted: String) throws {
    let load = try segments(on: guest()) {
      ($0.options.preservesContext, $0.options.commandLine) = (true, line)
    }
    let block = try #require(load.segments.first { $0.role == .bootBlock })
    let purgatory = try #require(load.segments.first { $0.role == .purgatory }).bytes.array
    let address = purgatory.loadField(Field<UInt64>(0x40 + 0x50))
    #expect(address == block.destination.start.value + 0x1000 + UInt64(start))
    var bytes = Array(block.bytes.array[0x1000...])
    let word = Array(" kexec_jump_back_entry=0x0000000000a110f2".utf8)
    bytes.replaceSubrange(start..<(start + word.count), with: word)
    let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    #expect(text == wanted.replacing(" WORD", with: String(decoding: word, as: UTF8.self)))
    #expect(
      KernelCommandLine(text).value(of: jumpBackWordName) == "0x0000000000a110f2")
  }

  /// The spaces take as many bytes as the parameter, and are counted once.
  @Test("The space for kexec_jump_back_entry= is counted once on a command line with --")
  func countsReturnParameterOnce() throws {
    for (length, fits) in [(2006 - 5, true), (2006 - 4, false)] {
      let line = String(repeating: "x", count: length) + " -- b"
      let result = Result {
        try segments(on: guest()) {
          ($0.options.preservesContext, $0.options.commandLine) = (true, line)
        }
      }
      #expect(((try? result.get()) != nil) == fits)
    }
  }

  @Test("The plan to return to the old kernel consists of page tables and a purgatory")
  func returnPlanHasPageTables() throws {
    let request = LoadRequest(kernel: .init(path: "back", bytes: SharedBytes([])))
    let plan = try planJumpBack(to: PhysicalAddress(0xA1_10F2), request: request, on: guest())
    #expect(plan.preservesContext)
    let load = try plan.segmentLoad()
    #expect(load.segments.map(\.role) == [.pageTables, .purgatory])
    let purgatory = try #require(load.segments.last).bytes.array
    #expect(purgatory.loadField(Field<UInt16>(0x40 + 0x62)) == 3)
    #expect(purgatory.loadField(Field<UInt64>(0x40 + 0x10)) == 0xA1_10F2)
    let tables = try place(of: .pageTables, in: load)
    #expect(purgatory.loadField(Field<UInt64>(0x40 + 0x58)) == tables.start.value)
  }

  @Test(
    "An identity map maps each address to itself up to the end of its last GiB",
    arguments: [0x1000, 0xFFFF_F000, 0x1_0000_0000, 0x23_4567_8000, 0x3FFF_FFFF_F000] as [UInt64],
    [false, true])
  func identityMapMapsEachAddressToItself(reached: UInt64, hasFiveLevels: Bool) {
    let base: UInt64 = 0x1234_5000
    let map = IdentityMap(reaching: reached, hasFiveLevels: hasFiveLevels)
    let tables = map.encode(at: base)
    #expect(tables.count == Int(map.byteCount))

    /// Walks the page tables like a processor: the physical address of `address`, or nil.
    func walk(_ address: UInt64) -> UInt64? {
      var table = base
      var shift: UInt64 = hasFiveLevels ? 48 : 39
      while true {
        let place = Int(table - base) + 8 * Int(address >> shift & 511)
        let entry = tables.loadField(Field<UInt64>(place))
        guard entry & 3 == 3 else { return nil }
        if entry & 0x80 != 0 {
          return entry & 0x000F_FFFF_FFE0_0000 | address & 0x1F_FFFF
        }
        table = entry & 0x000F_FFFF_FFFF_F000
        shift -= 9
      }
    }
    for address in [0, 0xFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, reached, reached | 0x3FFF_FFFF] {
      #expect(walk(address) == address)
    }
    let outside = reached < 1 << 32 ? 1 << 32 : (reached | 0x3FFF_FFFF) + 1
    #expect(walk(outside) == nil)
  }
}
