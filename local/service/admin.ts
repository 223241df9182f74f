import type { Node } from '#local/nodes/node.ts'
import { NsmError } from '#sdk/errors.ts'
import { merge } from '#sdk/rpc/merge.ts'
import type { Handlers } from '#sdk/rpc/types.ts'
import type { Admin, Event } from '#sdk/wire/gen/admin/admin_pb.ts'
import { firstThatAnswers } from './first-that-answers.ts'
import { inOrder } from './in-order.ts'
import { joinRecords } from './join-records.ts'
import { sum } from './sum.ts'
import { trace } from './trace.ts'

/** The admin service over all nodes: lists are joined, a change goes to the manager that it concerns, or to any. */
export function adminHandlers(nodes: readonly Node[]): Handlers<typeof Admin, unknown> {
  const each = <T>(ask: (node: Node) => Promise<T>): Promise<readonly T[]> => Promise.all(nodes.map(ask))
  const records = async () =>
    (await each(({ admin }) => admin.listConnections({}))).flatMap(({ connections }) => connections)
  return {
    status: async () => sum(await each(({ admin }) => admin.status({}))),
    listConnections: async () => ({ connections: [...joinRecords(await records())] }),
    readStatistics: async (request, { signal }) => {
      const replies = await each(({ admin }) => admin.readStatistics(request, { signal }))
      return { ends: replies.flatMap(({ ends }) => ends) }
    },
    listEndpoints: async () => ({
      endpoints: (await each(({ admin }) => admin.listEndpoints({}))).flatMap(({ endpoints }) => endpoints),
    }),
    listNetworkServices: () => firstThatAnswers(nodes, ({ admin }) => admin.listNetworkServices({})),
    applyNetworkService: service =>
      firstThatAnswers(nodes, ({ admin }) => admin.applyNetworkService(service)),
    deleteNetworkService: service =>
      firstThatAnswers(nodes, ({ admin }) => admin.deleteNetworkService(service)),
    closeConnection: async request => {
      const [known] = joinRecords(
        (await records()).filter(({ connection }) => connection?.id === request.connectionId),
      )
      const node = nodes.find(({ name }) => name === known?.node)
      if (node !== undefined) return await node.admin.closeConnection(request)
      throw new NsmError(
        'NOT_FOUND',
        `closing connection ${request.connectionId}: no node has one of that id`,
      )
    },
    trace: (request, { signal }) => trace(nodes, request, signal),
    events: (request, { signal }) => {
      const streams = nodes.map(({ admin }) => admin.events(request, { signal }))
      return request.watch ? merge(streams) : together(streams)
    },
  }
}

async function* together(streams: readonly AsyncIterable<Event>[]): AsyncGenerator<Event, void, void> {
  yield* inOrder((await Promise.all(streams.map(stream => Array.fromAsync(stream)))).flat())
}
