import type { MeshConnection } from '#local/connect.ts'
import { NsmError } from '#sdk/errors.ts'

const shortKinds: Readonly<Record<string, string>> = {
  deploy: 'deployment',
  deployments: 'deployment',
  sts: 'statefulset',
  statefulsets: 'statefulset',
  ds: 'daemonset',
  daemonsets: 'daemonset',
}

/** The pod that `POD`, `pod/POD` or, as kubectl has it, `deploy/NAME` means: the first pod of the workload. */
export async function findPod(
  connection: MeshConnection,
  wanted: { readonly name: string; readonly namespace: string },
  signal: AbortSignal,
): Promise<string> {
  const [kind = '', object] = wanted.name.split('/')
  if (object === undefined) return wanted.name
  if (['pod', 'pods', 'po'].includes(kind)) return object
  const owner = `${shortKinds[kind] ?? kind}/${object}`
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
