import type { Log } from '#sdk/log.ts'
import { type Server, serve } from '#sdk/rpc/serve.ts'
import type { Address } from '#sdk/rpc/types.ts'

/** Milliseconds that kubelet may be away before the probes say so; it takes as long to start on a busy node. */
const patienceMs = 30_000

/** Whether the plugin does its work, for whoever probes. */
export interface Health {
  readonly set: (state: 'registered' | 'lost') => void
  readonly get: () => 'serving' | 'not serving'
}

/** Well while registered with kubelet, and for half a minute before and after. */
export function healthOf(): Health {
  let lostMs: number | undefined = performance.now()
  return {
    set: state => {
      lostMs = state === 'registered' ? undefined : performance.now()
    },
    get: () => (lostMs === undefined || performance.now() - lostMs < patienceMs ? 'serving' : 'not serving'),
  }
}

/** Answers kubelet's gRPC probes over TCP. */
export async function serveProbes(address: Address, { get }: Health, log: Log): Promise<Server> {
  return await serve({ address, log, services: [], peerOf: () => undefined, health: get })
}
