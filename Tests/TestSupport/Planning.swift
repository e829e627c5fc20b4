package import KernelImages
package import KexecPlanning
package import RunningSystem

/// The ways to load `image` as `request` asks; none when it asks for what cannot be.
package func routes(
  for request: LoadRequest, on machine: Machine, image: KernelImage
) -> [Route] {
  (try? LoadPlanner(request, image: image, on: machine))?.routes ?? []
}

/// The load of `image` by `route` as `request` asks.
package func plan(
  _ request: LoadRequest, by route: Route, on machine: Machine, image: KernelImage
) throws(PlanningError) -> LoadPlan {
  var inspection: InitrdInspection?
  return try LoadPlanner(request, image: image, on: machine).plan(
    by: route, inspection: &inspection)
}
