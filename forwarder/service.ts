import { once } from 'node:events'
import type { Kernel } from '#kernel/port.ts'
import type { Endpoint } from '#sdk/chain/begin.ts'
import { NsmError } from '#sdk/errors.ts'
import { implement, type Served } from '#sdk/rpc/implement.ts'
import { type CrossConnect, MonitorCrossConnect } from '#sdk/wire/gen/crossconnect/crossconnect_pb.ts'
import {
  Forwarder,
  MechanismsMonitor,
  type MechanismUpdate,
  Underlay,
} from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import { Statistics } from '#sdk/wire/gen/statistics/statistics_pb.ts'
import type { CrossConnects } from './cross-connects.ts'
import { foreignTunnels } from './foreign-tunnels.ts'
import { readStatistics } from './statistics.ts'
import type { WorkCounters } from './work-counters.ts'

/** The services of a forwarder over its chain. */
export function forwarderServices<P>(
  endpoint: Endpoint<CrossConnect, CrossConnect>,
  {
    kernel,
    crossConnects,
    mechanisms,
    counters,
  }: {
    readonly kernel: Kernel
    readonly crossConnects: CrossConnects
    readonly mechanisms: MechanismUpdate
    readonly counters: WorkCounters
  },
): readonly Served<P>[] {
  return [
    implement<typeof Forwarder, P>(Forwarder, {
      request: (crossConnect, { signal }) =>
        counters.call('Request', () => endpoint.request(crossConnect, signal)),
      async close(crossConnect, { signal }) {
        takeOver(endpoint, crossConnect)
        await counters.call('Close', () => endpoint.close(crossConnect.id, signal))
        return {}
      },
    }),
    implement<typeof MonitorCrossConnect, P>(MonitorCrossConnect, {
      monitorCrossConnects: (_, { signal }) => crossConnects.watch(signal),
    }),
    implement<typeof MechanismsMonitor, P>(MechanismsMonitor, {
      async *monitorMechanisms(_, { signal }) {
        yield mechanisms
        if (!signal.aborted) await once(signal, 'abort')
      },
    }),
    implement<typeof Underlay, P>(Underlay, {
      foreignTunnels: async () => ({ tunnels: [...foreignTunnels(kernel)] }),
    }),
    implement<typeof Statistics, P>(Statistics, {
      async read({ ids }, { signal }) {
        const wanted = ids.length === 0 ? crossConnects.all() : ids.flatMap(id => crossConnects.get(id) ?? [])
        return { ends: [...(await readStatistics(kernel, wanted, signal))] }
      },
    }),
  ]
}

/** The links of a cross connect that we do not know are where the message says, if they are anywhere. */
function takeOver(endpoint: Endpoint<CrossConnect, CrossConnect>, crossConnect: CrossConnect): void {
  if (endpoint.last(crossConnect.id) !== undefined) return
  try {
    endpoint.adopt(crossConnect.id, crossConnect, crossConnect)
  } catch (thrown) {
    // It is being requested for the first time: the close aborts that, and it undoes itself.
    if (!(thrown instanceof NsmError) || thrown.code !== 'ALREADY_EXISTS') throw thrown
  }
}
