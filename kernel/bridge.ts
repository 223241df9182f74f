import { createHash } from 'node:crypto'
import type { End } from './end.ts'
import { KernelError } from './errors.ts'
import type { BridgePlan, EndPlan } from './link-plan.ts'
import type { Link, Namespace } from './port.ts'
import { formatTag, otherRole, parseTag } from './tag.ts'

/**
 * The end of a bridge plan that lies in the node's namespace: a port of the bridge, as large as that, so that the
 * bridge stays as it is. Throws KernelError ENODEV when the node has no bridge of the name.
 */
export function portOf({ id, ends: [pod], bridge }: BridgePlan, own: Namespace): End {
  const { index, mtu } = bridgeNamed(own, bridge)
  const role = otherRole(parseTag(pod.alias)?.role ?? 'src')
  const plan: EndPlan = {
    netns: own.netns,
    name: portName(id),
    alias: formatTag({ id, role }),
    addresses: [],
    routes: [],
    neighbours: [],
    policies: [],
    mtu,
    master: index,
  }
  return { plan, namespace: own }
}

/** A name of 15 bytes that is the same for a connection each time, and another one for each. */
export function portName(id: string): string {
  return `nsm${createHash('sha256').update(id).digest('hex').slice(0, 12)}`
}

function bridgeNamed(own: Namespace, name: string): Link {
  const link = own.link.get(name)
  if (link?.kind === 'bridge') return link
  const found =
    link === undefined ? 'no interface of that name' : `an interface of that name that is no bridge`
  throw new KernelError(`attaching a pod to bridge ${name}: the node has ${found}`, {
    errno: ENODEV,
    syscall: 'RTM_GETLINK',
  })
}

const ENODEV = 19
