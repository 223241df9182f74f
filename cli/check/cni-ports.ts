import { isObject, type JsonObject } from '#kube/shape.ts'
import { NsmError } from '#sdk/errors.ts'

/** A UDP port at which a network plug-in receives VXLAN. */
export interface CniPort {
  readonly plugin: string
  readonly port: number
  /** The object that says so. */
  readonly object: string
}

interface Place {
  readonly plugin: string
  readonly object: string
  readonly path: string
  /** The port; undefined when the plug-in has no VXLAN. */
  readonly read: (object: JsonObject) => number | undefined
}

const configMap = (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/configmaps/${name}`

/** Where plug-ins keep it, and what it is when they do not say. */
const places: readonly Place[] = [
  ...['kube-flannel', 'kube-system'].map(namespace => ({
    plugin: 'flannel',
    object: `ConfigMap ${namespace}/kube-flannel-cfg`,
    path: configMap(namespace, 'kube-flannel-cfg'),
    read: flannelPort,
  })),
  {
    plugin: 'Cilium',
    object: 'ConfigMap kube-system/cilium-config',
    path: configMap('kube-system', 'cilium-config'),
    read: ({ data }) => {
      if (
        !isObject(data) ||
        data['routing-mode'] === 'native' ||
        (data['tunnel-protocol'] ?? 'vxlan') !== 'vxlan'
      )
        return undefined
      return Number(data['tunnel-port'] ?? 8472)
    },
  },
  {
    plugin: 'Calico',
    object: 'FelixConfiguration default',
    path: '/apis/crd.projectcalico.org/v1/felixconfigurations/default',
    read: ({ spec }) => Number((isObject(spec) ? spec['vxlanPort'] : undefined) ?? 4789),
  },
]

/** The ports of the plug-ins that are found; what may not be read is not there. */
export async function cniPorts(
  get: (path: string) => Promise<JsonObject | undefined>,
): Promise<readonly CniPort[]> {
  const found = await Promise.all(
    places.map(async ({ plugin, object, path, read }) => {
      const told = await get(path).catch((thrown: unknown) => {
        if (NsmError.from(thrown).code === 'DENIED') return undefined
        throw thrown
      })
      const port = told === undefined ? undefined : read(told)
      return port === undefined || Number.isNaN(port) ? [] : [{ plugin, object, port }]
    }),
  )
  return found.flat()
}

function flannelPort({ data }: JsonObject): number | undefined {
  const text = isObject(data) ? data['net-conf.json'] : undefined
  if (typeof text !== 'string') return undefined
  const backend = /"Backend"\s*:\s*\{([^}]*)\}/.exec(text)?.[1] ?? ''
  if (!/"Type"\s*:\s*"vxlan"/.test(backend)) return undefined
  return Number(/"Port"\s*:\s*(\d+)/.exec(backend)?.[1] ?? 8472)
}
