import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Netns } from '#kernel/netns.ts'
import { Program } from '#local/processes/program.ts'
import { programPath } from '#local/program-path.ts'
import type { Log } from '#sdk/log.ts'
import { dial } from '#sdk/rpc/dial.ts'
import type { Address, Client } from '#sdk/rpc/types.ts'
import { Admin } from '#sdk/wire/gen/admin/admin_pb.ts'
import { NSMD } from '#sdk/wire/gen/nsmdapi/nsmd_pb.ts'
import type { Issuers } from './issuers.ts'
import { meshFolder } from './places.ts'
import { registryAddress } from './registry.ts'

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
  readonly netns: Netns
  /** Its address in the underlay; undefined when it is the only node. */
  readonly address: string | undefined
  /** CIDRs that no connection may use. */
  readonly excludedPrefixes: readonly string[]
  /** Whether a helper may read packets of its pods; default off. */
  readonly capture?: 'on' | 'off'
  /** Certifies its manager for others. */
  readonly issuers: Issuers
  readonly env: Readonly<Record<string, string>>
  readonly log: Log
  /** Called when the manager of the node was started again: it has to be told of its pods. */
  readonly managerRestarted: (node: string) => void
}

/** A small young generation: these programs live long, hold little, and there is one of each on every node. */
const frugal = '--max-semi-space-size=1'

/** How Node runs a program of the node; the manifests say the same. */
const runtimeEnv = {
  capture: { NODE_OPTIONS: frugal },
  manager: { NODE_OPTIONS: frugal },
  // Removing a link blocks a thread of the pool for about 20 ms, because the kernel waits for RCU.
  forwarder: { NODE_OPTIONS: frugal, UV_THREADPOOL_SIZE: '32' },
}

/** The port at which managers ask each other (NSM v0.2). */
const managerPort = 5001

/** What the programs of a node are told when there are other nodes. */
function neighbourEnv(address: string, issuer: Address) {
  const host = address.includes(':') ? `[${address}]` : address
  return {
    capture: {},
    manager: {
      NSMD_API_ADDRESS: `${host}:${managerPort}`,
      NSM_ISSUER: issuer,
      NSM_REGISTRY: registryAddress,
    },
    forwarder: { NSM_TUNNEL_IP: address },
  }
}

/** Starts a node's programs in its namespace; resolves when the manager answers. */
export async function startNode(options: NodeOptions): Promise<Node> {
  const { name, netns, address, env, log } = options
  await using undo = new AsyncDisposableStack()
  const base = join(meshFolder, name)
  await mkdir(base, { mode: 0o755 })
  const issuer = socketIn(base, 'nsm.issuer.io.sock')
  if (address !== undefined) await options.issuers.serve(name, issuer)
  const neighbour = address === undefined ? undefined : neighbourEnv(address, issuer)
  const start = (program: 'manager' | 'forwarder' | 'capture', restarted: () => void) =>
    undo.use(
      new Program({
        name: `${program}/${name}`,
        netns,
        log,
        env: {
          ...env,
          ...runtimeEnv[program],
          ...neighbour?.[program],
          NODE_NAME: name,
          NSM_BASEDIR: base,
          EXCLUDED_PREFIXES: options.excludedPrefixes.join(','),
        },
        argv: [process.execPath, programPath(program)],
        restarted,
      }),
    )
  const manager = start('manager', () => options.managerRestarted(name))
  const forwarder = start('forwarder', () => {})
  const helpers = options.capture === 'on' ? [start('capture', () => {})] : []
  const nsmd = undo.use(dial(socketIn(base, 'nsm.io.sock'))).client(NSMD)
  const admin = undo.use(dial(socketIn(base, 'nsm.admin.io.sock'))).client(Admin)
  await manager.ready(signal => nsmd.enumConnection({}, { signal, timeoutMs: 1000 }))
  const held = undo.move()
  return {
    name,
    netns,
    base,
    nsmd,
    admin,
    programs: [manager, forwarder, ...helpers],
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

function socketIn(base: string, name: string): Address {
  return `unix://${base}/${name}`
}
