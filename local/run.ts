import type { Socket } from 'node:net'
import { peerOf } from '#kernel/peer.ts'
import type { Config } from '#runtime/config.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { implement } from '#sdk/rpc/implement.ts'
import { serve } from '#sdk/rpc/serve.ts'
import { Admin } from '#sdk/wire/gen/admin/admin_pb.ts'
import { Mesh } from '#sdk/wire/gen/local/local_pb.ts'
import type { config } from './config.ts'
import { adminHandlers } from './service/admin.ts'
import { endPods } from './service/down.ts'
import { meshHandlers } from './service/handlers.ts'
import { startMesh } from './start-mesh.ts'

/** The descriptor of the control socket, opened by the one who started us (`launch.ts`). */
const controlFd = 3

/** Runs a mesh until `nsm down` or the signal. Expects to be alone in its user, mount, PID and network namespaces. */
export async function run(values: Config<typeof config>, signal: AbortSignal, log: Log): Promise<void> {
  await using mesh = await startMesh(values, log)
  const down = Promise.withResolvers<void>()
  await using server = await serve({
    listen: { fd: controlFd },
    services: [
      implement(Mesh, meshHandlers(mesh, down.resolve)),
      implement(Admin, adminHandlers(mesh.nodes)),
    ],
    peerOf: ownerOnly,
    log,
  })
  log.info({ mesh: mesh.name, nodes: mesh.nodes.length, address: server.address }, 'the mesh is up')
  signal.addEventListener('abort', () => down.resolve(), { once: true })
  await down.promise
  for await (const _ of endPods(mesh)) {
    /* their end is told to nobody */
  }
}

/** In our user namespace the user who started the mesh is 0 and everybody else the overflow uid. */
function ownerOnly(socket: Socket): void {
  const { uid } = peerOf(socket)
  if (uid !== 0) throw new NsmError('DENIED', 'the mesh belongs to another user')
}
