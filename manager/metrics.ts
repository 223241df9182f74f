import type { Metric, Sample } from '#runtime/metrics-text.ts'
import { State as ConnectionState } from '#sdk/wire/gen/connection/connection_pb.ts'
import type { Core } from './core.ts'
import type { State } from './state.ts'
import type { Workspaces } from './workspaces.ts'

/** What the gauges are read from. */
export interface MetricsOptions
  extends Pick<State, 'connections' | 'registry' | 'pods'>,
    Pick<Core, 'forwarders'> {
  readonly node: string
  readonly workspaces: Workspaces
}

/** What a manager has now, as gauges. */
export async function readMetrics(options: MetricsOptions): Promise<readonly Metric[]> {
  const { connections, registry, pods, forwarders, workspaces, node } = options
  const { down = [], up = [] } = Object.groupBy(connections.list(), ({ connection }) =>
    connection.state === ConnectionState.DOWN ? 'down' : 'up',
  )
  const endpoints = await registry.endpoints.list()
  return [
    gauge('nsm_manager_connections', 'Connections of pods of this node.', [
      { labels: { state: 'up' }, value: up.length },
      { labels: { state: 'down' }, value: down.length },
    ]),
    gauge('nsm_manager_endpoints', 'Endpoints that this manager may choose from.', [
      { labels: { where: 'node' }, value: endpoints.filter(record => record.node === node).length },
      { labels: { where: 'elsewhere' }, value: endpoints.filter(record => record.node !== node).length },
    ]),
    gauge('nsm_manager_forwarders', 'Forwarders that have registered.', one(forwarders.all().length)),
    gauge('nsm_manager_workspaces', 'Workspaces that containers have.', one(workspaces.ids().length)),
    gauge('nsm_manager_pods', 'Pods that use the mesh.', one(pods.list().length)),
  ]
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: 'gauge', help, samples }
}

function one(value: number): readonly Sample[] {
  return [{ labels: {}, value }]
}
