import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createNetns, type Netns } from '#kernel/netns.ts'
import { Program } from '#local/processes/program.ts'
import { programPath } from '#local/program-path.ts'
import type { Log } from '#sdk/log.ts'
import { dial } from '#sdk/rpc/dial.ts'
import type { Address, Client } from '#sdk/rpc/types.ts'
import { Admin } from '#sdk/wire/gen/admin/admin_pb.ts'
import { NSMD } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import { meshFolder, netnsFolder } from './places.ts'

/** A node: a network namespace with a manager and a forwarder in it. */
export interface Node extends AsyncDisposable {
  readonly name: string
  readonly netns: Netns
  /** The manager's base directory. */
  readonly base: string
  readonly nsmd: Client<typeof NSMD>
  readonly admin: Client<typeof Admin>
  readonly programs: readonly Program[]
}

/** What a node is made with. */
export interface NodeOptions {
  readonly name: string
  readonly env: Readonly<Record<string, string>>
  readonly log: Log
  /** Called when the manager of the node was started again: it has to be told of its pods. */
  readonly managerRestarted: (node: string) => void
}

/** Makes a node's namespace and starts its programs; resolves when the manager answers. */
export async function startNode({ name, env, log, managerRestarted }: NodeOptions): Promise<Node> {
  await using undo = new AsyncDisposableStack()
  const netns = undo.use(createNetns(join(netnsFolder, name)))
  const base = join(meshFolder, name)
  await mkdir(base, { mode: 0o755 })
  const settings = { env: { ...env, NODE_NAME: name, NSM_BASEDIR: base }, netns, log }
  const start = (program: 'manager' | 'forwarder', restarted: () => void) =>
    undo.use(
      new Program({
        ...settings,
        name: `${program}/${name}`,
        argv: [process.execPath, programPath(program)],
        restarted,
      }),
    )
  const manager = start('manager', () => managerRestarted(name))
  const nsmd = undo.use(dial(socketIn(base, 'nsm.io.sock'))).client(NSMD)
  const admin = undo.use(dial(socketIn(base, 'nsm.admin.io.sock'))).client(Admin)
  await manager.ready(signal => nsmd.enumConnection({}, { signal, timeoutMs: 1000 }))
  const forwarder = start('forwarder', () => {})
  const held = undo.move()
  return {
    name,
    netns,
    base,
    nsmd,
    admin,
    programs: [manager, forwarder],
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

function socketIn(base: string, name: string): Address {
  return `unix://${base}/${name}`
}
