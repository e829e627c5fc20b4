public import LabKit

/// Every story that the lab can tell, in the order in which they are told: the longest first, so that
/// others are told beside it.
public let allScenarios: [Scenario] =
  callers + otherKernels + signatures
  + otherSystems + images + chains + fastJumps + initrds + unifiedImages + jumps + machines
  + documents + loading + dryRuns + crashes + crashDumps
  + badInput + refusals + tampering + consoles + entries + kernelJumps + preservedModules + endings
  + firmwareState + options + handover
