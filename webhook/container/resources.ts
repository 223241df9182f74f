import type { Quantities, Resources } from '#kube/pod.ts'
import { parseQuantity } from '#kube/quantity.ts'
import { NsmError } from '#sdk/errors.ts'
import { socketResource } from '#webhook/names.ts'
import type { Overrides } from '#webhook/overrides.ts'

/**
 * Which amounts of CPU and memory a container must state: `equal`, limits that are its requests; `limits`, both of them;
 * `requests` alone; or `none`.
 */
export type Amounts = 'equal' | 'limits' | 'requests' | 'none'

/** What is stated where the pod says nothing. The request of CPU is small, since the pod waits anyway. */
export interface Usual {
  readonly requests: { readonly cpu: string; readonly memory: string }
  readonly limits: { readonly cpu: string; readonly memory: string }
}

/**
 * The resources of the injected container: always the one socket, and CPU and memory as the pod's annotations say. Of
 * what must be stated and is not given, the other of the two counts before the usual. Throws BAD_ANNOTATION when a
 * request is above its limit.
 */
export function resourcesOf(overrides: Overrides, amounts: Amounts, usual: Usual): Resources {
  const rows = (['cpu', 'memory'] as const).map(name => {
    const [given, bound] = [overrides[`${name}-request`], overrides[`${name}-limit`]]
    const limited = amounts === 'equal' || amounts === 'limits'
    const requested = amounts === 'requests' || amounts === 'limits'
    const limit = bound ?? (limited ? (given ?? usual.limits[name]) : undefined)
    const request = given ?? (requested ? (bound ?? usual.requests[name]) : undefined)
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
