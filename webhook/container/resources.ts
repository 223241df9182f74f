import type { Quantities, Resources } from '#kube/pod.ts'
import { parseQuantity } from '#kube/quantity.ts'
import { NsmError } from '#sdk/errors.ts'
import { socketResource } from '#webhook/names.ts'
import type { Overrides } from '#webhook/overrides.ts'

/** What a pod of class Guaranteed gets, so that it stays what it is. */
const pinned = { cpu: '200m', memory: '64Mi' } as const

/**
 * The resources of the injected container: always the one socket, and CPU and memory as the pod's annotations say.
 * Where a limit is needed and only a request is given, the limit is the request. Throws BAD_ANNOTATION when a request
 * is above its limit.
 */
export function resourcesOf(overrides: Overrides, limited: 'limited' | 'free'): Resources {
  const rows = (['cpu', 'memory'] as const).map(name => {
    const request = overrides[`${name}-request`]
    const limit =
      overrides[`${name}-limit`] ?? (limited === 'limited' ? (request ?? pinned[name]) : undefined)
    if (request !== undefined && limit !== undefined && isAbove(request, limit)) {
      throw new NsmError(
        'BAD_ANNOTATION',
        `annotation networkservicemesh.io/${name}-request is ${request}, above the limit of ${limit}`,
      )
    }
    return { name, request, limit }
  })
  const requests = quantitiesOf(rows.map(({ name, request }) => [name, request]))
  const limits = quantitiesOf(rows.map(({ name, limit }) => [name, limit]))
  return {
    limits: { ...limits, [socketResource]: '1' },
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
  }
}

/** Whether the requests of a container are its limits, as class Guaranteed wants. */
export function keepsGuaranteed({ requests, limits }: Resources): boolean {
  return Object.entries(requests ?? {}).every(
    ([name, request]) => !isAbove(limits?.[name] ?? request, request),
  )
}

function quantitiesOf(rows: readonly (readonly [string, string | undefined])[]): Quantities {
  return Object.fromEntries(rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}

function isAbove(one: string | number, other: string | number): boolean {
  return (parseQuantity(String(one)) ?? 0n) > (parseQuantity(String(other)) ?? 0n)
}
