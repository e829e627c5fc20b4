internal import Glibc

/// The target that the first argument names; without a known name, the known ones are listed.
let chosenTarget: FuzzTarget = {
  if CommandLine.arguments.count > 1,
    let target = FuzzTarget(rawValue: CommandLine.arguments[1])
  {
    return target
  }
  for target in FuzzTarget.allCases { print(target.rawValue) }
  exit(2)
}()
