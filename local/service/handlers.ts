import { timestampFromDate } from '@bufbuild/protobuf/wkt'
import type { LocalMesh } from '#local/mesh.ts'
import packageJson from '#package.json' with { type: 'json' }
import type { Handlers } from '#sdk/rpc/types.ts'
import type { Mesh } from '#sdk/wire/gen/local/local_pb.ts'
import { apply } from './apply.ts'
import { remove } from './delete.ts'
import { down } from './down.ts'
import { exec } from './exec.ts'
import { get } from './get.ts'
import { logs } from './logs.ts'
import { podStatus } from './pod-status.ts'

/** What the supervisor answers to the nsm command; `ended` is called when the mesh has been taken down. */
export function meshHandlers(mesh: LocalMesh, ended: () => void): Handlers<typeof Mesh, unknown> {
  return {
    status: async () => ({
      name: mesh.name,
      nodes: mesh.nodes.length,
      started: timestampFromDate(mesh.started),
      version: packageJson.version,
    }),
    apply: (request, { signal }) => apply(mesh, request, signal),
    delete: request => remove(mesh, request),
    listPods: async () => ({ pods: mesh.pods.list().map(podStatus) }),
    get: request => get(mesh, request),
    logs: (request, { signal }) => logs(mesh, request, signal),
    exec: (input, { signal }) => exec(mesh, input, signal),
    down: () => down(mesh, ended),
  }
}
