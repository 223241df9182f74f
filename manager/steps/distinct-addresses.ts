import type { Connections } from '#manager/connections.ts'
import { type ManagerStep, podName } from '#manager/request.ts'
import { ipContextOf } from '#sdk/elements/endpoint-step.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Connection } from '#sdk/wire/gen/connection/connection_pb.ts'

/**
 * Refuses a new connection whose addresses another one of the same pod was given a moment ago: both were asked for at
 * once, so that neither could be named as excluded to the other's endpoint. CONFLICT: asked again, it will be.
 */
export function distinctAddresses(connections: Connections): ManagerStep {
  /** By the uid of the pod and the id of the connection. */
  const given = new Map<string, Map<string, readonly string[]>>()

  function take(uid: string, id: string, addresses: readonly string[]): void {
    const ofPod = given.get(uid) ?? new Map<string, readonly string[]>()
    given.set(uid, ofPod.set(id, addresses))
  }

  function giveBack(uid: string, id: string): void {
    const ofPod = given.get(uid)
    ofPod?.delete(id)
    if (ofPod?.size === 0) given.delete(uid)
  }

  return {
    name: 'distinctAddresses',
    async request(input, call, next) {
      const { id, caller, connection } = input
      if (caller.kind !== 'pod') return await next(input, call)
      const { pod } = caller
      const isNew = connections.get(id) === undefined
      const addresses = addressesOf(connection)
      const others = [...(given.get(pod.uid) ?? [])].filter(([other]) => other !== id)
      const twice = addresses.find(address => others.some(([, taken]) => taken.includes(address)))
      if (isNew && twice !== undefined)
        throw new NsmError(
          'CONFLICT',
          `connecting ${podName(pod)} to ${connection.networkService}: another service has just given it ${twice}; ask again, and the endpoint is told`,
        )
      take(pod.uid, id, addresses)
      try {
        return await next(input, call)
      } catch (cause) {
        if (isNew) giveBack(pod.uid, id)
        throw cause
      }
    },
    async close(wired, call, next) {
      if (wired.caller.kind === 'pod') giveBack(wired.caller.pod.uid, wired.id)
      await next(wired, call)
    },
  }
}

/** Those at both ends, without their networks. */
function addressesOf(connection: Connection): readonly string[] {
  const { srcIpAddrs, dstIpAddrs } = ipContextOf(connection)
  return [...srcIpAddrs, ...dstIpAddrs].map(cidr => cidr.split('/')[0] ?? '')
}
