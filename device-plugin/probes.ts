import type { Log } from '#sdk/log.ts'
import { serve } from '#sdk/rpc/serve.ts'
import type { Address } from '#sdk/rpc/types.ts'

/** Milliseconds that kubelet may be away before the probes say so; it takes as long to start on a busy node. */
const patienceMs = 30_000

/** What is told of the registration, for whoever probes. */
export interface Probes extends AsyncDisposable {
  readonly set: (state: 'registered' | 'lost') => void
}

/** Answers kubelet's gRPC probes: well while registered with kubelet, and for half a minute after. */
export async function serveProbes(address: Address | undefined, log: Log): Promise<Probes> {
  let lostMs: number | undefined = performance.now()
  const server =
    address === undefined
      ? undefined
      : await serve({
          address,
          log,
          services: [],
          peerOf: () => undefined,
          health: () =>
            lostMs === undefined || performance.now() - lostMs < patienceMs ? 'serving' : 'not serving',
        })
  return {
    set: state => {
      lostMs = state === 'registered' ? undefined : performance.now()
    },
    [Symbol.asyncDispose]: async () => await server?.[Symbol.asyncDispose](),
  }
}
