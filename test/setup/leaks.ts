// What lives longer than it should: fibers, sockets, servers, processes, signal listeners and timers.
import { describeFibersSince, liveFibers, newestFiber } from "./live-fibers.ts"
import { describeResourcesSince, liveResources, newestResource } from "./live-resources.ts"

/** Tells, each time it is asked, what there is more than there is now, a sentence each. */
export const leaksFromNowOn = (): () => ReadonlyArray<string> => {
  const before = { fiber: newestFiber(), fibers: liveFibers(), resource: newestResource(), resources: liveResources() }
  return () => [
    ...(liveFibers() > before.fibers ? describeFibersSince(before.fiber) : []),
    ...Array.from(liveResources()).flatMap(([type, count]) =>
      count > (before.resources.get(type) ?? 0) ? describeResourcesSince(type, before.resource) : []
    )
  ]
}
