import { create } from '@bufbuild/protobuf'
import type { MeshView } from '#cli/mesh-view.ts'
import { inOrder } from '#local/service/in-order.ts'
import { joinRecords } from '#local/service/join-records.ts'
import { sum } from '#local/service/sum.ts'
import { NsmError } from '#sdk/errors.ts'
import { merge } from '#sdk/rpc/merge.ts'
import type { CallOptions } from '#sdk/rpc/types.ts'
import {
  ListConnectionsReplySchema,
  ListEndpointsReplySchema,
  StatusReplySchema,
} from '#sdk/wire/gen/admin/admin_pb.ts'
import { StatisticsReplySchema } from '#sdk/wire/gen/statistics/statistics_pb.ts'
import type { Manager, Managers } from './managers.ts'

/** All managers of a cluster as one: lists are joined, what concerns one connection goes where it is. */
export function adminOf(managers: Managers): MeshView['admin'] {
  const records = async (options: CallOptions) =>
    await managers.each(async manager => ({
      manager,
      connections: (await manager.admin.listConnections({}, options)).connections,
    }))
  const having = async (id: string, options: CallOptions): Promise<readonly Manager[]> =>
    (await records(options)).flatMap(({ manager, connections }) =>
      connections.some(({ connection }) => connection?.id === id) ? [manager] : [],
    )
  /** All managers know the same registry. */
  const any = async <T>(ask: (manager: Manager) => Promise<T>): Promise<T> => {
    let last: unknown = new NsmError('NOT_FOUND', 'no manager of the mesh runs')
    for (const manager of await managers.all()) {
      try {
        return await ask(manager)
      } catch (thrown) {
        if (!isAway(thrown)) throw thrown
        last = thrown
      }
    }
    throw last
  }
  return {
    status: async (_, options) =>
      create(StatusReplySchema, sum(await managers.each(({ admin }) => admin.status({}, options)))),
    listConnections: async (_, options = {}) => {
      const all = (await records(options)).flatMap(({ connections }) => connections)
      return create(ListConnectionsReplySchema, { connections: [...joinRecords(all)] })
    },
    readStatistics: async (request, options) => {
      const replies = await managers.each(({ admin }) => admin.readStatistics(request, options))
      return create(StatisticsReplySchema, { ends: replies.flatMap(({ ends }) => ends) })
    },
    listEndpoints: async (_, options) => {
      const replies = await managers.each(({ admin }) => admin.listEndpoints({}, options))
      return create(ListEndpointsReplySchema, { endpoints: replies.flatMap(({ endpoints }) => endpoints) })
    },
    listNetworkServices: (_, options) => any(({ admin }) => admin.listNetworkServices({}, options)),
    applyNetworkService: (service, options) =>
      any(({ admin }) => admin.applyNetworkService(service, options)),
    deleteNetworkService: (service, options) =>
      any(({ admin }) => admin.deleteNetworkService(service, options)),
    closeConnection: async (request, options = {}) => {
      const id = request.connectionId ?? ''
      const all = (await records(options)).flatMap(({ connections }) => connections)
      const [known] = joinRecords(all.filter(({ connection }) => connection?.id === id))
      const manager = (await managers.all()).find(({ node }) => node === known?.node)
      if (manager !== undefined) return await manager.admin.closeConnection(request, options)
      throw new NsmError('NOT_FOUND', `closing connection ${id}: no node has one of that id`)
    },
    async *trace(request, options = {}) {
      const concerned = await having(request.connectionId ?? '', options)
      if (concerned.length === 0)
        throw new NsmError(
          'NOT_FOUND',
          `tracing connection ${request.connectionId ?? ''}: no node has one of that id`,
        )
      yield* merge(concerned.map(({ admin }) => admin.trace(request, options)))
    },
    async *events(request, options) {
      if (request.watch === true) {
        yield* merge((await managers.all()).map(({ admin }) => admin.events(request, options)))
        return
      }
      const told = await managers.each(({ admin }) => Array.fromAsync(admin.events(request, options)))
      yield* inOrder(told.flat())
    },
  }
}

function isAway(thrown: unknown): boolean {
  return ['MANAGER_UNAVAILABLE', 'API_UNAVAILABLE', 'DEADLINE', 'INTERNAL'].includes(
    NsmError.from(thrown).code,
  )
}
