import Testing
import Threads

@Suite struct OrderedWorkTests {
  /// What the jobs have done. SAFETY: each job has a place of its own.
  private final class Slots: @unchecked Sendable {
    var values: [Int]
    init(_ count: Int) { values = Array(repeating: -1, count: count) }
  }

  @Test("Jobs come back in order, each done once", arguments: [1, 2, 5], [1, 2, 7])
  func jobsComeBackInOrder(threads: Int, slotCount: Int) {
    let slots = Slots(slotCount)
    let work = OrderedWork(threads: threads, slotCount: slotCount) { slot, worker in
      #expect((0..<threads).contains(worker))
      slots.values[slot] += 1_000_000
    }
    var (next, taken) = (0, 0)
    while taken < 1000 {
      if next < 1000, work.hasSpace {
        slots.values[next % slotCount] = next
        next += 1
        work.submit()
      } else {
        work.take()
        #expect(slots.values[taken % slotCount] == 1_000_000 + taken)
        taken += 1
      }
      #expect(work.pendingCount == next - taken)
    }
    work.stop()
  }

  @Test("Threads end, also with jobs that nobody takes")
  func threadsEnd() {
    for _ in 0..<50 {
      let work = OrderedWork(threads: 3, slotCount: 4) { _, _ in }
      for _ in 0..<3 { work.submit() }
      work.stop()
    }
  }
}
