public import LabKit

/// Every story that the lab can tell, in the order in which they are told.
public let allScenarios: [Scenario] =
  jumps + machines + loading + dryRuns + crashes + badInput + refusals + tampering + chains
