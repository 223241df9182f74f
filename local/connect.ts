import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { dial } from '#sdk/rpc/dial.ts'
import type { CallOptions, Client } from '#sdk/rpc/types.ts'
import { Admin } from '#sdk/wire/gen/admin/admin_pb.ts'
import { Mesh } from '#sdk/wire/gen/local/local_pb.ts'
import { controlAddress, meshesIn } from './control-socket.ts'

/** A connection to the supervisor of a running mesh. */
export interface MeshConnection extends AsyncDisposable {
  readonly mesh: Client<typeof Mesh>
  readonly admin: Client<typeof Admin>
}

/** Dials the mesh of this name; the first call fails when it does not run. */
export function connect(name: string): MeshConnection {
  const channel = dial(controlAddress(ownUid(), name))
  const mesh = channel.client(Mesh)
  return {
    mesh: { ...mesh, down: (input, options) => downUntilGone(name, mesh.down(input, options), options) },
    admin: channel.client(Admin),
    [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose](),
  }
}

/** The names of this user's meshes that run in this network namespace. */
export async function meshes(): Promise<readonly string[]> {
  return meshesIn(await readFile('/proc/net/unix', 'utf8'), ownUid())
}

/** The last message comes from a supervisor that is still there; its name is free when its last process is gone. */
async function* downUntilGone<T>(
  name: string,
  progress: AsyncIterable<T>,
  options: CallOptions = {},
): AsyncIterable<T> {
  yield* progress
  const signal = AbortSignal.any([
    AbortSignal.timeout(5000),
    ...(options.signal === undefined ? [] : [options.signal]),
  ])
  while ((await meshes()).includes(name)) await delay(10, undefined, { signal })
}

function ownUid(): number {
  return process.getuid?.() ?? 0
}
