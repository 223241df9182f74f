import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

/** Where the pods of an example run. */
export interface Placement {
  /** The node of pods without an endpoint. */
  readonly clients: string
  /** The node of pods with the endpoint side-car. */
  readonly endpoints: string
}

interface PodSpec {
  nodeName?: string
  readonly containers?: readonly { readonly image?: string }[]
}

interface PodObject {
  readonly kind?: string
  readonly spec?: PodSpec & { readonly template?: { readonly spec?: PodSpec } }
}

/** The manifests of a folder, as they stand but for the node of each pod. */
export function placed(folder: string, { clients, endpoints }: Placement): readonly string[] {
  const files = readdirSync(folder).filter(name => name.endsWith('.yaml') && name !== 'kustomization.yaml')
  return files.toSorted().flatMap(name =>
    parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map(document => {
      const object = document.toJS() as PodObject
      const spec = object.kind === 'Pod' ? object.spec : object.spec?.template?.spec
      if (spec?.containers !== undefined) {
        const isEndpoint = spec.containers.some(({ image }) => /sidecar-nse/.test(image ?? ''))
        spec.nodeName = isEndpoint ? endpoints : clients
      }
      return `${JSON.stringify(object, undefined, 2)}\n`
    }),
  )
}
