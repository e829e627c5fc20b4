import ByteCoding
import RunningSystem
import TestSupport
import Testing

@testable import KexecPlanning

@Suite struct PreservedModulesTests {
  private static let loaded = LoadedModules([
    LoadedModule(name: "libcrc32c", isNeeded: true),
    LoadedModule(
      name: "loop",
      parameters: [.init(name: "max_part", value: "0"), .init(name: "max_loop", value: "5")]),
    LoadedModule(name: "snd_usb", parameters: [.init(name: "index", value: "1,-1")]),
    LoadedModule(
      name: "odd",
      parameters: [
        .init(name: "quoted", value: "say \"a\""), .init(name: "spaced", value: "a b"),
        .init(name: "wide", value: "é"), .init(name: "back", value: "a\\"),
        .init(name: "lines", value: "a\nb"),
      ], unreadable: ["list"]),
  ])
  private static let preserved = PreservedModules(loaded)
  private static let all = [
    "modules_load=loop,snd_usb,odd", "loop.max_loop=5", "snd_usb.index=1,-1",
    #"odd.spaced="a b""#, "loop.max_part=0",
  ]
  private static let lost = PlanNote.parametersNotKept([
    "odd.list", "odd.quoted", "odd.wide", "odd.back", "odd.lines",
  ])

  @Test("Module parameters of the new command line take precedence over preserved ones")
  func newLineOverridesPreservedParameters() {
    let cases: [(line: String, wanted: [String])] = [
      ("root=/dev/sda1", Self.all),
      ("loop.max_loop=8 modules_load=odd,loop", ["modules_load=snd_usb"] + Self.all[2...]),
      ("modules-load=loop modules_load=snd_usb,odd", Array(Self.all[1...])),
      // In parameter names, the kernel treats - and _ as equal.
      ("snd-usb.index=7", [Self.all[0], Self.all[1], Self.all[3], Self.all[4]]),
      // After -- it is for init, not for the kernel.
      ("-- loop.max_loop=8", Self.all),
    ]
    for (line, wanted) in cases {
      let (words, notes) = Self.preserved.words(beside: KernelCommandLine(line), space: 1000)
      #expect(words == wanted, "\(line)")
      #expect(notes == [Self.lost])
    }
  }

  /// For any space, the parameters fit, each followed by a space, and those that do not fit are
  /// counted.
  @Test(
    "Preserved module parameters fit into the given space and omitted ones are counted",
    arguments: 0...120)
  func fitsParametersIntoSpace(space: Int) {
    let (words, notes) = Self.preserved.words(beside: KernelCommandLine(""), space: space)
    #expect(words.reduce(0) { $0 + $1.utf8.count + 1 } <= space)
    var modules = 3
    var parameters = 4
    for word in words {
      if word.hasPrefix("modules_load=") {
        modules -= word.split(separator: ",").count
      } else {
        parameters -= 1
      }
    }
    let missing = PlanNote.modulesWithoutSpace(modules: modules, parameters: parameters)
    #expect(notes.contains(missing) == (modules + parameters > 0))
  }

  @Test("A command line with preserved modules stays within its limit")
  func preservedModulesKeepLineLimit() throws {
    var machine = machine(running: "")
    machine.modules = Self.loaded
    var request = LoadRequest(kernel: .init(path: "k", bytes: SharedBytes([])))
    request.options.commandLine = "quiet"
    #expect(
      request.preservingModules(
        of: machine, in: request.finalCommandLine(on: machine), limit: 2047
      ).line == "quiet")
    request.options.preservesModules = true
    #expect(
      request.preservingModules(
        of: machine, in: request.finalCommandLine(on: machine), limit: 2047
      ).line
        == (Self.all + ["quiet"]).joined(separator: " "))
    let full = (Self.all + ["quiet"]).joined(separator: " ").utf8.count
    for limit in 0...full {
      let (line, notes) = request.preservingModules(
        of: machine, in: request.finalCommandLine(on: machine), limit: limit)
      #expect(line.utf8.count <= max(limit, 5))
      #expect(line.hasSuffix("quiet"))
      #expect((notes.count == 2) == (limit < full), "\(limit): \(line)")
    }
  }

  @Test("The generated archive lists the preserved modules and their parameters")
  func archiveListsModulesAndParameters() throws {
    let archive = try #require(Self.preserved.archive)
    #expect(
      KernelModel.members(of: archive).filter { !$0.content.isEmpty } == [
        Member("etc/modules-load.d/kexec-preserve.conf", Array("loop\nsnd_usb\nodd\n".utf8)),
        Member(
          "etc/modprobe.d/kexec-preserve.conf",
          Array(
            """
            options loop max_part=0
            options loop max_loop=5
            options snd_usb index=1,-1
            options odd spaced="a b"

            """.utf8)),
        Member(
          "conf/conf.d/kexec-preserve",
          Array("cat /etc/modules-load.d/kexec-preserve.conf >>/conf/modules\n".utf8)),
      ])
    #expect(PreservedModules(LoadedModules([])).archive == nil)
  }

  @Test("A note says that hidden module parameters are unknown when they cannot be read")
  func notesUnknownHiddenParameters() {
    let (words, notes) = PreservedModules(LoadedModules([], includesHidden: false))
      .words(beside: KernelCommandLine(""), space: 100)
    #expect(words.isEmpty)
    #expect(notes == [.hiddenParametersUnknown])
  }
}

@Suite struct InitrdArchivesTests {
  @Test("Joined archives each start at a multiple of four bytes", arguments: 0...8)
  func archivesStartAtMultiplesOfFour(size: Int) {
    let files = [size, 3, size].map { SharedBytes([UInt8](repeating: 7, count: $0)) }
    let row = InitrdArchives.row(of: files).reduce(into: []) { $0 += $1.array }
    let padded = (size + 3) & ~3
    #expect(row.count == padded + 4 + size)
    #expect(row.indices.filter { row[$0] == 7 }.count == 2 * size + 3)
    if size > 0 { #expect(row[padded] == 7 && row[padded + 4] == 7) }
  }

  @Test("The empty archive is a valid archive without members")
  func emptyArchiveHasNoMembers() {
    #expect(KernelModel.members(of: InitrdArchives.empty.array) == [])
  }
}
