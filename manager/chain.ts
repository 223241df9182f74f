import { begin, type Endpoint } from '#sdk/chain/begin.ts'
import { chain, traced } from '#sdk/chain/chain.ts'
import type { Log } from '#sdk/log.ts'
import type { Monitor } from './monitor.ts'
import type { ManagerRequest, Wired } from './request.ts'
import { type CandidatesOptions, candidates } from './steps/candidates.ts'
import { type CrossConnectOptions, crossConnect } from './steps/cross-connect.ts'
import { distinctAddresses } from './steps/distinct-addresses.ts'
import { type EndpointOptions, endpoint } from './steps/endpoint.ts'
import { excludedPrefixes } from './steps/excluded-prefixes.ts'
import { type ForwarderOptions, forwarder } from './steps/forwarder.ts'
import { journaled } from './steps/journaled.ts'
import { numbersKept } from './steps/numbers-kept.ts'
import { recorded } from './steps/recorded.ts'
import { type TunnelOptions, tunnel } from './steps/tunnel.ts'

/** What the behaviour of the manager depends on. */
export interface ChainOptions
  extends CandidatesOptions,
    ForwarderOptions,
    TunnelOptions,
    EndpointOptions,
    CrossConnectOptions {
  readonly monitor: Monitor
  readonly excludedPrefixes: () => readonly string[]
  readonly log: Log
}

/**
 * Hop 4 of the story: what a manager does with a request, in order. Validation and identity come before, in
 * `network-service.ts`, because only they make the id that `begin` goes by.
 */
export function managerChain(options: ChainOptions): Endpoint<ManagerRequest, Wired> {
  const { connections, events, monitor, book, log } = options
  const steps = [
    recorded(events),
    numbersKept(book, connections),
    // Inside of what tells of the outcome, so that nobody hears of a connection that is not in the journal.
    journaled(connections, monitor),
    excludedPrefixes(options),
    candidates(options),
    // Before the endpoint is asked: what cannot be attached need not be promised.
    forwarder(options),
    tunnel(options),
    endpoint(options),
    distinctAddresses(connections),
  ]
  return begin(chain(...steps.map(traced))(crossConnect(options)), { idOf: ({ id }) => id, log })
}
