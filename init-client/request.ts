import { create } from '@bufbuild/protobuf'
import type { ServiceRef } from '#sdk/service-ref.ts'
import {
  type NetworkServiceRequest,
  NetworkServiceRequestSchema,
} from '#sdk/wire/gen/networkservice/networkservice_pb.ts'
import { mechanismClass, mechanismType, parameter } from '#sdk/wire/mechanism.ts'

/** Who asks, and for which routes. */
export interface Identity {
  readonly podName: string
  /** Becomes the label `namespace`. */
  readonly namespace: string
  /** CIDRs that shall lead through each connection. */
  readonly routes: readonly string[]
  /** What goes into each context beside addresses and routes. */
  readonly extraContext?: Readonly<Record<string, string>>
}

/**
 * Hop 3: one request per entry. The id is made of pod and interface, so that a restarted client asks for the
 * connection it had; an entry without an interface gets `nsm` and its index, or the next number that is free.
 */
export function toRequests(
  refs: readonly ServiceRef[],
  identity: Identity,
): readonly NetworkServiceRequest[] {
  const names = interfaceNames(refs)
  return refs.map((ref, index) => toRequest(ref, names[index] ?? '', identity))
}

function toRequest(ref: ServiceRef, name: string, identity: Identity): NetworkServiceRequest {
  const { podName, namespace, routes, extraContext = {} } = identity
  return create(NetworkServiceRequestSchema, {
    connection: {
      id: `${podName}-${name}`,
      networkService: ref.domain === undefined ? ref.service : `${ref.service}@${ref.domain}`,
      labels: { podName, namespace, ...ref.labels },
      context: {
        ipContext: {
          srcIpRequired: true,
          dstIpRequired: true,
          srcRoutes: routes.map(prefix => ({ prefix })),
        },
        extraContext: { ...extraContext },
      },
    },
    mechanismPreferences: [
      { cls: mechanismClass.local, type: mechanismType.kernel, parameters: { [parameter.name]: name } },
    ],
  })
}

function interfaceNames(refs: readonly ServiceRef[]): readonly string[] {
  const taken = new Set(refs.flatMap(ref => ref.interface ?? []))
  return refs.map((ref, index) => {
    if (ref.interface !== undefined) return ref.interface
    const free = firstFree(index, taken)
    taken.add(free)
    return free
  })
}

function firstFree(from: number, taken: ReadonlySet<string>): string {
  const name = `nsm${from}`
  return taken.has(name) ? firstFree(from + 1, taken) : name
}
