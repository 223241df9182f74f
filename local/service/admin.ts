import type { Node } from '#local/nodes/node.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Handlers } from '#sdk/rpc/types.ts'
import type { Admin, Event } from '#sdk/wire/gen/admin/admin_pb.ts'
import { merge } from './merge.ts'

/** The admin service over all nodes: lists are joined, changes go to every manager. */
export function adminHandlers(nodes: readonly Node[]): Handlers<typeof Admin, unknown> {
  const each = <T>(ask: (node: Node) => Promise<T>): Promise<readonly T[]> => Promise.all(nodes.map(ask))
  return {
    status: async () => sum(await each(({ admin }) => admin.status({}))),
    listConnections: async () => ({
      connections: (await each(({ admin }) => admin.listConnections({}))).flatMap(
        ({ connections }) => connections,
      ),
    }),
    listEndpoints: async () => ({
      endpoints: (await each(({ admin }) => admin.listEndpoints({}))).flatMap(({ endpoints }) => endpoints),
    }),
    listNetworkServices: async () => (await each(({ admin }) => admin.listNetworkServices({})))[0] ?? {},
    applyNetworkService: async service =>
      (await each(({ admin }) => admin.applyNetworkService(service)))[0] ?? service,
    deleteNetworkService: async service =>
      (await each(({ admin }) => admin.deleteNetworkService(service)))[0] ?? {},
    closeConnection: async request =>
      await firstThatKnows(nodes, ({ admin }) => admin.closeConnection(request)),
    events: (request, { signal }) => {
      const streams = nodes.map(({ admin }) => admin.events(request, { signal }))
      return request.watch ? merge(streams) : inOrder(streams)
    },
  }
}

interface ManagerStatus {
  readonly version: string
  readonly forwarders: readonly string[]
  readonly connections: number
  readonly endpoints: number
  readonly workspaces: number
}

function sum(all: readonly ManagerStatus[]) {
  const total = (field: 'connections' | 'endpoints' | 'workspaces') =>
    all.reduce((count, status) => count + status[field], 0)
  return {
    version: all[0]?.version ?? '',
    forwarders: all.flatMap(({ forwarders }) => forwarders),
    connections: total('connections'),
    endpoints: total('endpoints'),
    workspaces: total('workspaces'),
  }
}

async function firstThatKnows<T>(nodes: readonly Node[], ask: (node: Node) => Promise<T>): Promise<T> {
  let last: unknown
  for (const node of nodes) {
    try {
      return await ask(node)
    } catch (cause) {
      if (NsmError.from(cause).code !== 'NOT_FOUND') throw cause
      last = cause
    }
  }
  throw last
}

async function* inOrder(streams: readonly AsyncIterable<Event>[]): AsyncGenerator<Event, void, void> {
  const all = (await Promise.all(streams.map(stream => Array.fromAsync(stream)))).flat()
  yield* all.toSorted((a, b) => Number(timeOf(a) - timeOf(b)))
}

function timeOf({ time }: Event): bigint {
  return (time?.seconds ?? 0n) * 1_000_000_000n + BigInt(time?.nanos ?? 0)
}
