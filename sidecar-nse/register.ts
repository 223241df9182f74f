import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import type { Client } from '#sdk/rpc/types.ts'
import type {
  NetworkServiceEndpoint,
  NetworkServiceEndpointRegistry,
  NetworkServiceRegistry,
} from '#sdk/wire/gen/registry/registry_pb.ts'
import { backoff } from '#sdk/workspace/backoff.ts'
import { pause } from '#sdk/workspace/pause.ts'

/** How to be registered. */
export interface RegisterOptions {
  readonly endpoints: Client<typeof NetworkServiceEndpointRegistry>
  /** Registered before the endpoint; none where services are objects of their own. */
  readonly services: readonly { readonly name: string; readonly payload: string }[]
  readonly serviceRegistry: Client<typeof NetworkServiceRegistry>
  /** What to do when another pod has the name: let the registry make one, or end. */
  readonly onNameTaken: 'generate' | 'fail'
  readonly signal: AbortSignal
  readonly log: Log
}

/** Milliseconds after which a registration counts as one that held, so that the next loss is met without delay. */
const stableMs = 5000

/** Milliseconds that the last words to the manager may take. */
const unregisterMs = 3000

/**
 * Registers an endpoint and keeps it registered until the signal aborts, then takes it back. The registry may give
 * another name, which is kept. A watch on that name tells when the manager restarts or the record is lost. Fails
 * only with an error that asking again cannot cure.
 */
export async function keepRegistered(
  endpoint: NetworkServiceEndpoint,
  options: RegisterOptions,
): Promise<void> {
  const { endpoints, signal, log } = options
  let current: NetworkServiceEndpoint | undefined
  try {
    for (let failures = 0; !signal.aborted; failures++) {
      if (failures > 0) await pause(backoff(failures), signal)
      try {
        current ??= endpoint
        current = await registerOnce(current, options)
        log.info(
          { endpoint: current.name },
          `registered as ${current.name} for ${current.networkServiceNames.join(', ')}`,
        )
        const since = performance.now()
        await untilLost(current, options)
        if (performance.now() - since > stableMs) failures = 0
      } catch (thrown) {
        const error = NsmError.from(thrown)
        if (signal.aborted) break
        if (isFinal(error, options)) throw error
        if (error.code === 'ALREADY_EXISTS') current = { ...endpoint, name: '' }
        log.warn({ code: error.code }, `not registered: ${error.message}`)
      }
    }
  } finally {
    if (current !== undefined) await unregister(current, endpoints, log)
  }
}

/** A manager that shuts down cancels what it does for us: that is no wish of ours, so it is asked again. */
function isFinal({ code, kind }: NsmError, { onNameTaken }: RegisterOptions): boolean {
  if (code === 'ALREADY_EXISTS') return onNameTaken === 'fail'
  return kind.retry === 'no' && code !== 'CANCELLED'
}

async function registerOnce(
  endpoint: NetworkServiceEndpoint,
  { endpoints, services, serviceRegistry, signal }: RegisterOptions,
): Promise<NetworkServiceEndpoint> {
  for (const service of services) await serviceRegistry.register(service, { signal })
  return await endpoints.register(endpoint, { signal })
}

/** Returns when the record is deleted or the stream ends; both ask for another registration. */
async function untilLost(
  { name }: NetworkServiceEndpoint,
  { endpoints, signal }: RegisterOptions,
): Promise<void> {
  const query = { networkServiceEndpoint: { name }, watch: true }
  for await (const { deleted, networkServiceEndpoint } of endpoints.find(query, { signal })) {
    if (deleted && networkServiceEndpoint?.name === name) return
  }
}

async function unregister(
  endpoint: NetworkServiceEndpoint,
  endpoints: RegisterOptions['endpoints'],
  log: Log,
): Promise<void> {
  try {
    await endpoints.unregister(endpoint, { timeoutMs: unregisterMs })
    log.info({ endpoint: endpoint.name }, `unregistered ${endpoint.name}`)
  } catch (thrown) {
    // The manager withdraws the endpoint anyway, when the pod's network namespace ends.
    log.warn({ endpoint: endpoint.name }, `not unregistered: ${NsmError.from(thrown).message}`)
  }
}
