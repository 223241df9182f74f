import { create } from '@bufbuild/protobuf'
import { type Registry, serviceKey } from '#registry/registry.ts'
import type { Endpoint } from '#sdk/chain/begin.ts'
import { NsmError } from '#sdk/errors.ts'
import type { Handlers } from '#sdk/rpc/types.ts'
import { dnsNameRule, isDnsName } from '#sdk/service-ref/names.ts'
import { type Admin, type ConnectionRecord, ConnectionRecordSchema } from '#sdk/wire/gen/admin/admin_pb.ts'
import { type NetworkService, NetworkServiceSchema } from '#sdk/wire/gen/registry/registry_pb.ts'
import type { Connections } from './connections.ts'
import type { Events } from './events.ts'
import { forwarderStatus } from './forwarder-status.ts'
import type { Forwarders } from './forwarders.ts'
import type { ManagerRequest, Wired } from './request.ts'
import { readStatistics } from './statistics.ts'
import { fillTemplate } from './template.ts'
import { trace } from './trace.ts'
import type { Workspaces } from './workspaces.ts'

/** What answering the nsm command depends on. */
export interface AdminOptions {
  readonly node: string
  /** Where the capture helper of the node serves its socket. */
  readonly baseDir: string
  readonly version: string
  readonly chain: Endpoint<ManagerRequest, Wired>
  readonly connections: Connections
  readonly registry: Registry
  readonly forwarders: Forwarders
  readonly workspaces: Workspaces
  readonly events: Events
}

/** Serves Admin to those who may open the socket. */
export function adminHandlers(options: AdminOptions): Handlers<typeof Admin, unknown> {
  const { node, version, chain, connections, registry, forwarders, workspaces, events } = options
  const local = async () => (await registry.endpoints.list()).filter(record => record.node === node)
  return {
    status: async (_, { signal }) => ({
      node,
      version,
      forwarders: [...forwarders.names()],
      forwarderDetails: await Promise.all(forwarders.all().map(each => forwarderStatus(each, signal))),
      connections: connections.list().length,
      endpoints: (await local()).length,
      workspaces: workspaces.ids().length,
    }),
    listConnections: async () => ({ connections: connections.list().map(wired => recordOf(wired, node)) }),
    readStatistics: async (request, { signal }) => ({
      ends: [...(await readStatistics(forwarders.all(), request, signal))],
    }),
    trace: (request, { signal }) => trace(request, { connections, node, baseDir: options.baseDir, signal }),
    events: (request, { signal }) => events.select(request, signal),
    async closeConnection({ connectionId }, { signal }) {
      if (connections.get(connectionId) === undefined)
        throw new NsmError(
          'NOT_FOUND',
          `closing connection ${connectionId}: node ${node} has none of that id`,
        )
      await chain.close(connectionId, signal)
      return {}
    },
    async applyNetworkService({ namespace: wanted, networkService }) {
      const namespace = wanted === '' ? 'default' : wanted
      const service = checked(networkService)
      await registry.services.put({ namespace, service })
      return { namespace, networkService: service }
    },
    async deleteNetworkService({ namespace, networkService }) {
      const key = serviceKey(namespace === '' ? 'default' : namespace, networkService?.name ?? '')
      if ((await registry.services.remove(key)) === undefined)
        throw new NsmError('NOT_FOUND', `deleting network service ${key}: there is none`)
      return {}
    },
    listNetworkServices: async () => {
      const records = await registry.services.list()
      return {
        networkServices: records.map(({ namespace, service }) => ({ namespace, networkService: service })),
      }
    },
    listEndpoints: async () => ({
      endpoints: (await local()).map(({ endpoint, pod }) => ({
        namespace: pod.namespace,
        endpoint,
        pod,
        node,
      })),
    }),
  }
}

function recordOf(
  { connection, crossConnect, caller, endpoint, created, setupMicros }: Wired,
  node: string,
): ConnectionRecord {
  const record = create(ConnectionRecordSchema, {
    connection,
    crossConnect,
    created,
    setupMicros,
    node,
    endpoint: endpoint.pod,
  })
  if (caller.kind === 'pod') record.client = caller.pod
  return record
}

/** A service as the registry takes it. BAD_INPUT when its name or a template in its selectors is malformed. */
function checked(service: NetworkService | undefined): NetworkService {
  const name = service?.name ?? ''
  if (service === undefined || !isDnsName(name))
    throw new NsmError(
      'BAD_INPUT',
      `applying network service ${JSON.stringify(name)}: expected ${dnsNameRule}`,
    )
  for (const [index, { sourceSelector, routes }] of service.matches.entries()) {
    for (const value of [sourceSelector, ...routes.map(route => route.destinationSelector)].flatMap(
      Object.values,
    )) {
      try {
        fillTemplate(String(value), {})
      } catch (cause) {
        throw new NsmError(
          'BAD_INPUT',
          `applying network service ${name}: match ${index + 1}: ${NsmError.from(cause).message}`,
          { cause },
        )
      }
    }
  }
  return create(NetworkServiceSchema, {
    ...service,
    payload: service.payload === '' ? 'IP' : service.payload,
  })
}
