import { spawn } from 'node:child_process'
import { create } from '@bufbuild/protobuf'
import { planLinks } from '#forwarder/plan.ts'
import type { LinkPlan, NetnsName } from '#kernel/link-plan.ts'
import { createNetns, inNetns, type Netns } from '#kernel/netns.ts'
import { type CrossConnect, CrossConnectSchema } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import { mechanismClass, mechanismType, netnsParameters, parameter } from '#sdk/wire/mechanism.ts'

/** A namespace with a process in it, which is where a manager says to look for it. */
export interface Place extends Netns {
  readonly pidHint: number
}

/** Makes a pod's namespace. */
export function startPlace(path: string): Place {
  using owned = new DisposableStack()
  const netns = owned.use(createNetns(path))
  const process = inNetns(netns, () => spawn('sleep', ['infinity'], { stdio: 'ignore' }))
  owned.defer(() => process.kill('SIGKILL'))
  const { cookie, inode } = netns
  const held = owned.move()
  return {
    cookie,
    inode,
    path: netns.path,
    pidHint: process.pid ?? 0,
    [Symbol.dispose]: () => held.dispose(),
  }
}

/** Where connections are made: from some clients in turn to one endpoint, as many as 16,000. */
export interface Field {
  readonly clients: readonly Place[]
  readonly endpoint: Place
}

/** The cross connect number `at`, with two addresses and a route. */
export function crossConnectOf({ clients, endpoint }: Field, at: number): CrossConnect {
  const client = clients[at % clients.length] ?? endpoint
  const net = `10.${64 + (at >> 14)}.${(at >> 6) & 255}`
  const host = (at & 63) * 4
  const context = {
    ipContext: {
      srcIpAddrs: [`${net}.${host + 1}/30`],
      dstIpAddrs: [`${net}.${host + 2}/30`],
      srcRoutes: [{ prefix: `10.200.${at >> 8}.${at & 255}/32` }],
    },
  }
  return create(CrossConnectSchema, {
    id: `bench-${at}`,
    payload: 'IP',
    source: { mechanism: mechanism(client, `nsm${at}`), context },
    destination: { mechanism: mechanism(endpoint, `nse${at}`), context },
  })
}

/** What the forwarder makes of it. */
export function planOf(field: Field, at: number): LinkPlan {
  return planLinks(crossConnectOf(field, at))
}

function mechanism(netns: NetnsName, name: string) {
  const parameters = { ...netnsParameters(netns), [parameter.name]: name }
  return { cls: mechanismClass.local, type: mechanismType.kernel, parameters }
}
