package import KernelImages
package import KexecPlanning
package import RunningSystem

/// The routes by which `image` can be loaded for `request`; none if the request is not possible.
package func routes(
  for request: LoadRequest, on machine: Machine, image: KernelImage
) -> [Route] {
  (try? LoadPlanner(request, image: image, on: machine))?.routes ?? []
}

/// The plan for loading `image` by `route` for `request`.
package func plan(
  _ request: LoadRequest, by route: Route, on machine: Machine, image: KernelImage
) throws(PlanningError) -> LoadPlan {
  var inspection: InitrdInspection?
  return try LoadPlanner(request, image: image, on: machine).plan(
    by: route, inspection: &inspection)
}
