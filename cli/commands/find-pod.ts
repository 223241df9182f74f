import type { MeshView } from '#cli/mesh-view.ts'
import { NsmError } from '#sdk/errors.ts'

/** What people call the kinds that own pods. */
const ownerKinds: Readonly<Record<string, string>> = {
  deploy: 'deployment',
  deployment: 'deployment',
  deployments: 'deployment',
  sts: 'statefulset',
  statefulset: 'statefulset',
  statefulsets: 'statefulset',
  ds: 'daemonset',
  daemonset: 'daemonset',
  daemonsets: 'daemonset',
}

/**
 * The pod that `POD`, `pod/POD` or, as kubectl has it, `deploy/NAME` means: the first pod of the workload. Anything
 * else, such as `manager/node-1`, is left to the mesh to know.
 */
export async function findPod(
  connection: MeshView,
  wanted: { readonly name: string; readonly namespace: string },
  signal: AbortSignal,
): Promise<string> {
  const [kind = '', object] = wanted.name.split('/')
  if (object === undefined) return wanted.name
  if (['pod', 'pods', 'po'].includes(kind)) return object
  const ownerKind = ownerKinds[kind]
  if (ownerKind === undefined) return wanted.name
  const owner = `${ownerKind}/${object}`
  const { pods } = await connection.mesh.listPods({}, { signal })
  const owned = pods.filter(pod => pod.namespace === wanted.namespace && pod.owner.toLowerCase() === owner)
  const found = owned.find(pod => pod.status === 'Running') ?? owned[0]
  if (found === undefined)
    throw new NsmError(
      'NOT_FOUND',
      `no pod of ${owner} in namespace ${wanted.namespace}; nsm ps lists the pods`,
    )
  return found.name
}
