import { annotationsOf } from '#kube/meta.ts'
import type { Pod } from '#kube/pod.ts'
import { isObject } from '#kube/shape.ts'
import { statusAnnotation } from './names.ts'

/** What the status annotation says of an earlier pass. It is anybody's to write, so nothing is allowed because of it. */
export interface InjectionStatus {
  /** The image that we put, whatever a registry mirror made of it since. */
  readonly image: string
  readonly initContainers: readonly string[]
}

/** The value of the status annotation. */
export function printStatus(status: InjectionStatus): string {
  return JSON.stringify({ version: 1, initContainers: status.initContainers, image: status.image })
}

/** The status of a pod; undefined when it has none or when it is not one that we could have written. */
export function statusOf(pod: Pod): InjectionStatus | undefined {
  const status = parseJson(annotationsOf(pod)[statusAnnotation] ?? '')
  if (!isObject(status) || status['version'] !== 1) return undefined
  const { image, initContainers } = status
  if (typeof image !== 'string' || !Array.isArray(initContainers)) return undefined
  return { image, initContainers: initContainers.filter(name => typeof name === 'string') }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Somebody else's text: the same as no status.
    return undefined
  }
}
