import type { IncomingMessage } from 'node:http'
import type { Config } from '#runtime/config.ts'
import { NsmError } from '#sdk/errors.ts'
import { backoff } from '#sdk/workspace/backoff.ts'
import { deadline } from '#sdk/workspace/deadline.ts'
import { pause } from '#sdk/workspace/pause.ts'
import type { waitConfig } from './config.ts'

/**
 * Waits until the side-car of this pod says that it is connected: the postStart hook of a cluster without native
 * side-cars, where kubelet starts the next container only after it. Throws DEADLINE.
 */
export async function wait(
  { probePort, deadline: ms }: Config<typeof waitConfig>,
  stop: AbortSignal,
): Promise<void> {
  const signal = AbortSignal.any([stop, deadline(ms)])
  for (let failures = 1; !signal.aborted; failures++) {
    if ((await ask(probePort, signal)) === 200) return
    await pause(backoff(failures), signal)
  }
  stop.throwIfAborted()
  throw new NsmError(
    'DEADLINE',
    `the side-car was not connected within ${ms / 1000} s; its log says what it waits for`,
  )
}

/** The status of one request; undefined when nobody listens yet. */
function ask(port: number, signal: AbortSignal): Promise<number | undefined> {
  // Not imported, which would load undici into every side-car.
  const { get } = process.getBuiltinModule('node:http')
  return new Promise(resolve => {
    const request = get({ host: '127.0.0.1', port, path: '/wait', signal })
    request.on('error', () => resolve(undefined))
    request.on('response', (response: IncomingMessage) => {
      response.resume()
      resolve(response.statusCode)
    })
  })
}
