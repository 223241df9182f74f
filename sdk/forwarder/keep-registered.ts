import type { MessageInitShape } from '@bufbuild/protobuf'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { dial } from '#sdk/rpc/dial.ts'
import type { Address, Client } from '#sdk/rpc/types.ts'
import {
  ForwarderRegistration,
  type ForwarderRegistrationRequestSchema,
} from '#sdk/wire/gen/forwarderregistrar/forwarderregistrar_pb.ts'
import { backoff } from '#sdk/workspace/backoff.ts'
import { pause } from '#sdk/workspace/pause.ts'

/** What a forwarder registers, and with whom. */
export interface Registration {
  /** `unix://NSM_BASEDIR/nsm.forwarder-registrar.io.sock` */
  readonly registrar: Address
  readonly request: MessageInitShape<typeof ForwarderRegistrationRequestSchema>
}

/**
 * Registers a forwarder with the manager of the node and stays registered until the signal aborts: the liveness stream tells
 * when the manager has gone, and then it is asked again, with growing pauses. Never fails; a refusal is logged once.
 */
export async function keepRegistered(
  { registrar: address, request }: Registration,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  let failures = 0
  let lastRefusal = ''
  while (!signal.aborted) {
    try {
      // A new channel each time: a used one pauses a second before it connects again.
      await using channel = dial(address)
      const registrar = channel.client(ForwarderRegistration)
      await register(registrar, request, signal)
      log.info({ registrar: address, forwarder: request.forwarderName }, 'registered with the manager')
      failures = 0
      lastRefusal = ''
      await untilLost(registrar, signal)
      log.warn({ registrar: address }, 'the manager ended the registration; registering again')
    } catch (thrown) {
      if (signal.aborted) return
      const { code, message } = NsmError.from(thrown)
      if (message !== lastRefusal) log.warn({ code }, `not registered with the manager: ${message}`)
      lastRefusal = message
    }
    failures += 1
    await pause(backoff(failures), signal)
  }
}

async function register(
  registrar: Client<typeof ForwarderRegistration>,
  request: Registration['request'],
  signal: AbortSignal,
): Promise<void> {
  const { registered } = await registrar.requestForwarderRegistration(request, { signal })
  if (!registered)
    throw new NsmError('DENIED', `registering forwarder ${request.forwarderName}: the manager answered no`)
}

/** Returns or fails when the manager has gone. The stream's end is also how the manager learns of ours. */
async function untilLost(
  registrar: Client<typeof ForwarderRegistration>,
  signal: AbortSignal,
): Promise<void> {
  for await (const _ of registrar.requestLiveness(heartbeat(signal), { signal })) {
    // What the manager sends says no more than that it is there.
  }
}

/** One beat; then the stream stays open for as long as we live. */
async function* heartbeat(signal: AbortSignal): AsyncGenerator<Record<string, never>> {
  yield {}
  await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
}
