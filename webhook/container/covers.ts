import type { Container, Resources } from '#kube/pod.ts'
import { sameQuantity } from '#kube/quantity.ts'
import { isObject } from '#kube/shape.ts'

/** What would change what our container does or may do, so that it may not come from anybody else. */
const ours = ['command', 'args', 'envFrom', 'lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe']

/**
 * Whether a container that is there still is what was put there. More may have come since: defaults of the API server,
 * the mount of the service account, a variable of another webhook; but nothing that makes it do something else or gives
 * it a privilege. The image is not compared, because a registry mirror may have changed it; amounts are compared as
 * amounts, because the API server writes `1000m` as `1`.
 */
export function isIntact(found: Container, put: Container): boolean {
  const { image: _, resources, ...rest } = put
  return covers(found, rest) && coversResources(found.resources, resources) && hasNoMore(found, put)
}

function hasNoMore(found: Container, put: Container): boolean {
  const [there, wanted]: readonly Readonly<Record<string, unknown>>[] = [{ ...found }, { ...put }]
  const foreign = ours.some(
    field => (there?.[field] ?? undefined) !== undefined && wanted?.[field] === undefined,
  )
  const security = isObject(found.securityContext) ? found.securityContext : {}
  const capabilities = isObject(security['capabilities']) ? security['capabilities'] : {}
  const privileged = security['privileged'] === true || (capabilities['add'] ?? undefined) !== undefined
  // Of two variables with one name the later counts.
  const names = (found.env ?? []).map(({ name }) => name)
  const doubled = (put.env ?? []).some(({ name }) => names.indexOf(name) !== names.lastIndexOf(name))
  return !foreign && !privileged && !doubled
}

/** Whether JSON holds other JSON: every field, every item; items with a name are found by it. */
function covers(found: unknown, put: unknown): boolean {
  if (Array.isArray(put))
    return Array.isArray(found) && put.every((item, index) => coversItem(found, item, index))
  if (isObject(put))
    return isObject(found) && Object.entries(put).every(([key, value]) => covers(found[key], value))
  return found === put
}

function coversItem(found: readonly unknown[], put: unknown, index: number): boolean {
  if (!isObject(put) || typeof put['name'] !== 'string') return covers(found[index], put)
  return found.some(item => isObject(item) && item['name'] === put['name'] && covers(item, put))
}

function coversResources(found: Resources | null | undefined, put: Resources | null | undefined): boolean {
  return (['requests', 'limits'] as const).every(field =>
    Object.entries(put?.[field] ?? {}).every(([name, amount]) => {
      const there = found?.[field]?.[name]
      return there !== undefined && sameQuantity(there, amount)
    }),
  )
}
