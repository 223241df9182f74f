import type { Socket } from 'node:net'
import type { Kernel } from '#kernel/port.ts'
import { begin } from '#sdk/chain/begin.ts'
import type { Log } from '#sdk/log.ts'
import { serve } from '#sdk/rpc/serve.ts'
import type { Address } from '#sdk/rpc/types.ts'
import type { MechanismUpdate } from '#sdk/wire/gen/forwarder/forwarder_pb.ts'
import { adopt } from './adopt.ts'
import { forwarderChain } from './chain.ts'
import { connectionMetrics } from './connection-metrics.ts'
import { CrossConnects } from './cross-connects.ts'
import { type Keys, noKeys } from './keys.ts'
import { newLiveness } from './liveness.ts'
import { mechanismsOf } from './mechanisms.ts'
import { type MetricsAddress, serveMetrics } from './metrics-server.ts'
import { Prober, type Verdicts } from './prober.ts'
import { defaultProbing, type ProbingRules } from './probing.ts'
import { forwarderServices } from './service.ts'
import { WorkCounters } from './work-counters.ts'

/** What a forwarder is made of. */
export interface ForwarderParts {
  readonly kernel: Kernel
  readonly address: Address
  /** Who may connect; throws for others. */
  readonly peerOf: (socket: Socket) => unknown
  /** What it says that it can do; default: joins pods of this node. */
  readonly mechanisms?: MechanismUpdate
  /** Keys of WireGuard; default: none. */
  readonly keys?: Pick<Keys, 'of'>
  /** Whose data paths are tried; default: of those that ask for it, each second, until 3 are lost. */
  readonly probing?: ProbingRules
  /** What is counted; give its `sent` to the kernel, so that requests to it are. */
  readonly counters?: WorkCounters
  /** Where metrics are served; default nowhere. */
  readonly metrics?: MetricsAddress | undefined
  readonly log: Log
}

/** A forwarder that serves. Disposing ends the serving; the links stay. */
export interface RunningForwarder extends AsyncDisposable {
  readonly address: Address
  /** Resolves after disposal; fails when the kernel's events can no longer be followed. */
  readonly following: Promise<void>
}

/** Adopts the links that are there, then serves. Throws KernelError and what `serve` throws. */
export async function startForwarder(parts: ForwarderParts): Promise<RunningForwarder> {
  const {
    kernel,
    address,
    peerOf,
    mechanisms = mechanismsOf(),
    keys = noKeys,
    probing = defaultProbing,
    counters = new WorkCounters(),
    log,
  } = parts
  await using stack = new AsyncDisposableStack()
  const stop = stack.adopt(new AbortController(), controller => controller.abort())
  const crossConnects = new CrossConnects()
  const verdicts: Verdicts = new Map()
  const liveness = newLiveness({ kernel, crossConnects, verdicts, log })
  const changed = (id: string) => liveness.look(id)
  const prober = stack.use(new Prober({ kernel, rules: probing, verdicts, changed, log }))
  const chain = forwarderChain({ kernel, crossConnects, liveness, prober, keys })
  const endpoint = stack.use(begin(chain, { idOf: ({ id }) => id, log }))
  // Before the look at what exists, so that nothing happens unseen in between.
  const events = kernel.events(stop.signal)
  const found = await adopt(kernel)
  for (const present of found) {
    const { crossConnect } = present
    crossConnects.put(present)
    endpoint.adopt(crossConnect.id, crossConnect, crossConnect)
    prober.adopt(crossConnect)
  }
  const services = forwarderServices(endpoint, { kernel, crossConnects, mechanisms, counters })
  const server = stack.use(await serve({ address, services, peerOf, log }))
  if (parts.metrics !== undefined) {
    const read = async (signal: AbortSignal) => [
      ...(await connectionMetrics(kernel, crossConnects.all(), signal)),
      ...counters.metrics(),
    ]
    stack.use(await serveMetrics(parts.metrics, read, log))
  }
  log.info({ address, adopted: found.length }, 'serving')
  const following = liveness.follow(counters.events(events))
  const running = stack.move()
  return { address: server.address, following, [Symbol.asyncDispose]: () => running.disposeAsync() }
}
