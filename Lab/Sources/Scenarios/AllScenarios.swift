public import LabKit

/// All scenarios, the longest first, so that the others run in parallel to them.
public let allScenarios: [Scenario] =
  callers + otherKernels + signatures
  + otherSystems + images + chains + fastJumps + initrds + unifiedImages + jumps + machines
  + documents + loading + dryRuns + crashes + crashDumps + crashReading + panics
  + crashSaving
  + badInput + refusals + tampering + consoles + entries + kernelJumps + preservedModules + endings
  + firmwareState + options + handover
