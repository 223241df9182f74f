import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { meshes } from '#local/connect.ts'
import { NsmError } from '#sdk/errors.ts'
import { connectMesh } from './cluster/connect-mesh.ts'
import { type Context, withMesh } from './context.ts'
import type { MeshView } from './mesh-view.ts'

/** Which mesh the user means. */
export interface TargetOptions {
  /** Of a mesh on this machine; also by NSM_MESH. */
  readonly name?: string
  readonly kubeconfig?: string
  readonly context?: string
  /** Namespace of the mesh in the cluster. */
  readonly meshNamespace: string
  /** Whose pods are meant; all when it is absent. */
  readonly namespace?: string
}

/** Name of a local mesh that has been given none. */
const usualName = 'nsm'

/**
 * Calls `use` with the mesh that is meant, and closes it afterwards. The cluster when the options name a kubeconfig or a
 * context, the local mesh when they name one; else the local mesh if it runs, else the cluster if there is a kubeconfig.
 * `kubectl nsm` means the cluster unless a name is given. What was not asked for is told on stderr. Throws NOT_FOUND when
 * there is neither.
 */
export async function withTarget<T>(
  options: TargetOptions,
  context: Context,
  use: (view: MeshView) => Promise<T>,
): Promise<T> {
  if ((await kindOf(options, context)) === 'local') return await withMesh(options.name ?? usualName, use)
  const { kubeconfig, context: contextName, meshNamespace, namespace } = options
  const source = {
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(contextName === undefined ? {} : { context: contextName }),
  }
  const { note, signal } = context
  const named = kubeconfig !== undefined || contextName !== undefined
  await using view = await connectMesh({
    source,
    meshNamespace,
    ...(namespace === undefined ? {} : { namespace }),
    greet: named ? () => {} : server => note(`cluster ${server}\n`),
    note,
    signal,
  })
  return await use(view)
}

/** The mesh on this machine for what only that can do. Throws BAD_USAGE when a cluster is named. */
export function localName({ name, kubeconfig, context }: TargetOptions): string {
  if (kubeconfig !== undefined || context !== undefined)
    throw new NsmError('BAD_USAGE', 'this works on a mesh of this machine; in a cluster kubectl does it')
  return name ?? usualName
}

async function kindOf(
  { name, kubeconfig, context: contextName }: TargetOptions,
  { calledAs }: Context,
): Promise<'local' | 'cluster'> {
  const named = kubeconfig !== undefined || contextName !== undefined
  if (named && name !== undefined)
    throw new NsmError(
      'BAD_USAGE',
      '--name means a mesh on this machine, --kubeconfig and --context a cluster: give one of the two',
    )
  if (named) return 'cluster'
  if (name !== undefined) return 'local'
  if (calledAs === 'kubectl nsm') return 'cluster'
  if ((await meshes()).includes(usualName)) return 'local'
  if (hasKubeconfig()) return 'cluster'
  throw new NsmError(
    'NOT_FOUND',
    'no mesh is running on this machine, and there is no kubeconfig of a cluster; start a mesh with nsm up -f FILE, or name a cluster with --kubeconfig',
  )
}

function hasKubeconfig(): boolean {
  const named = process.env['KUBECONFIG'] ?? ''
  const files = named === '' ? [join(homedir(), '.kube', 'config')] : named.split(delimiter)
  return files.some(file => file !== '' && existsSync(file))
}
