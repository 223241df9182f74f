import type { Config } from '#runtime/config.ts'
import type { config } from './config.ts'

/** What the patch depends on besides the pod: the same settings and the same pod give the same patch. */
export interface PatchSettings {
  /** Image of the init container. */
  readonly image: string
  readonly pullPolicy: 'Always' | 'IfNotPresent' | 'Never'
  /** Namespace of the mesh. */
  readonly namespace: string
  readonly ignoredNamespaces: readonly string[]
  /** When the init container gets CPU and memory limits. */
  readonly limits: 'always' | 'when-guaranteed'
}

/** The part of the program's configuration that the patch depends on. */
export function patchSettings(values: Config<typeof config>): PatchSettings {
  return {
    image:
      values.initImage === '' ? `${values.repository}/${values.initName}:${values.tag}` : values.initImage,
    pullPolicy: values.pullPolicy,
    namespace: values.namespace,
    ignoredNamespaces: values.ignoredNamespaces,
    limits: values.enforceLimits ? 'always' : 'when-guaranteed',
  }
}
