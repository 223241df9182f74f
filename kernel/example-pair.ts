/** What the contract suites ask for between two pods, and all that they find there. */
import type { EndPlan, NetnsName, VethPlan } from './link-plan.ts'
import type { Kernel } from './port.ts'

/** The two pods of a connection. */
export interface ExamplePods {
  readonly client: NetnsName
  readonly endpoint: NetnsName
}

/** A pair `nsm0` with 10.0.0.1/30 and `vpn-1` with 10.0.0.2/30, but for what is given. */
export function examplePair(
  { client, endpoint }: ExamplePods,
  source: Partial<EndPlan> = {},
  destination: Partial<EndPlan> = {},
): VethPlan {
  const none = { addresses: [], routes: [], neighbours: [], policies: [] }
  return {
    id: 'c1',
    kind: 'veth',
    ends: [
      { netns: client, name: 'nsm0', alias: 'nsm:c1:src', ...none, addresses: ['10.0.0.1/30'], ...source },
      {
        netns: endpoint,
        name: 'vpn-1',
        alias: 'nsm:c1:dst',
        ...none,
        addresses: ['10.0.0.2/30'],
        ...destination,
      },
    ],
  }
}

/** Everything that there is in both pods, link-local addresses apart. */
export function everythingIn(kernel: Kernel, { client, endpoint }: ExamplePods): object {
  return [client, endpoint].map(name => {
    using pod = kernel.open(name)
    return pod.link.list().map(link => ({
      link: { ...link, stats: undefined },
      addresses: pod.addr.list(link.index).filter(({ origin }) => origin !== 'kernel'),
      routes: pod.route.list(link.index).filter(({ prefix }) => !prefix.startsWith('fe80:')),
      neighbours: pod.neigh.list(link.index),
    }))
  })
}
