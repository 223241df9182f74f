import { create } from '@bufbuild/protobuf'
import type { MeshView } from '#cli/mesh-view.ts'
import type { ApiSource } from '#kube/connect-api.ts'
import { connectCluster } from '#kube/connect-cluster.ts'
import { ListPodsReplySchema, StatusReplySchema } from '#sdk/wire/gen/local/local_pb.ts'
import { adminOf } from './admin.ts'
import { listMeshPods } from './list-pods.ts'
import { logs } from './logs.ts'
import { Managers } from './managers.ts'

/** Which cluster, and what of it. */
export interface ClusterOptions {
  readonly source: ApiSource
  /** Where the programs of the mesh run. */
  readonly meshNamespace: string
  /** Whose pods are listed; all when it is absent. */
  readonly namespace?: string
  /** Told the address of the API server before anything is asked. */
  readonly greet: (server: string) => void
  /** Told of nodes that cannot be asked. */
  readonly note: (text: string) => void
  readonly signal: AbortSignal
}

/** The mesh of a cluster; its managers are found when they are first asked. Throws BAD_CONFIG for a kubeconfig that is none. */
export async function connectMesh(options: ClusterOptions): Promise<MeshView & AsyncDisposable> {
  const { source, meshNamespace, namespace, note, greet, signal } = options
  const cluster = await connectCluster(source)
  greet(cluster.server)
  const managers = new Managers({ cluster, meshNamespace, note, signal })
  return {
    admin: adminOf(managers),
    mesh: {
      status: async () =>
        create(StatusReplySchema, { name: cluster.server, nodes: (await managers.all()).length }),
      listPods: async () =>
        create(ListPodsReplySchema, {
          pods: [...(await listMeshPods(cluster, { namespace, meshNamespace, signal }))],
        }),
      logs: request => logs(cluster, { request, meshNamespace, signal }),
    },
    async [Symbol.asyncDispose]() {
      await managers[Symbol.asyncDispose]()
      await cluster[Symbol.asyncDispose]()
    },
  }
}
