import { statSync } from 'node:fs'
import { join } from 'node:path'
import { NsmError } from '#sdk/errors.ts'
import type { Log } from '#sdk/log.ts'
import { dial } from '#sdk/rpc/dial.ts'
import { implement } from '#sdk/rpc/implement.ts'
import { serve } from '#sdk/rpc/serve.ts'
import type { Address } from '#sdk/rpc/types.ts'
import { unary } from '#sdk/rpc/unary.ts'
import { DevicePlugin, Registration } from '#sdk/wire/gen/deviceplugin/deviceplugin_pb.ts'
import { backoff } from '#sdk/workspace/backoff.ts'
import { pause } from '#sdk/workspace/pause.ts'
import { type FolderWatch, onAbort } from './folder-watch.ts'
import { kubeletSocket, resourceName, socketFile } from './names.ts'
import { devicePluginHandlers, type ServiceOptions } from './service.ts'
import { Streams } from './streams.ts'

/** What being registered with kubelet depends on. */
export interface RegistrationOptions extends Omit<ServiceOptions, 'streams'> {
  readonly kubeletDir: string
  /** Of `kubeletDir`. */
  readonly watch: FolderWatch
  /** Called when kubelet has taken the list of devices, and when it no longer listens. */
  readonly onState: (state: 'registered' | 'lost') => void
  readonly log: Log
}

/** Kubelet dials before it answers, and is busy when it starts. */
const [callMs, streamMs] = [10_000, 5_000]
/** Failures in a row that are not told. */
const quietly = 5
/** A registration that ends sooner counts as a failed one. */
const settledMs = 1_000
/** A kubelet that starts refuses for the moment between making its socket and listening there. */
const bounds = { first: 5, most: 2_000 }

/**
 * Serves kubelet and stays registered with it until the signal aborts. Each time anew: listen, dial oneself, register, and
 * wait until kubelet's stream ends, kubelet has a new socket or ours is gone. Never fails; a refusal is logged once.
 */
export async function keepRegistered(options: RegistrationOptions, signal: AbortSignal): Promise<void> {
  const { log, watch } = options
  let failures = 0
  let lastRefusal = ''
  while (!signal.aborted) {
    // Before the attempt, so that what happens during it is not missed.
    using wake = watch.until(kubeletSocket, signal)
    try {
      const { why, lastedMs } = await registered(options, signal)
      if (signal.aborted) return
      log.warn({ lastedMs }, `${why}; registering with kubelet again`)
      lastRefusal = ''
      if (lastedMs > settledMs) failures = 0
    } catch (thrown) {
      if (signal.aborted) return
      const { code, message } = NsmError.from(thrown)
      // A kubelet that restarts refuses for a moment, which is worth no word.
      if (failures >= quietly && message !== lastRefusal) {
        log.warn({ code }, `not registered with kubelet: ${message}`)
        lastRefusal = message
      }
    }
    const isNew = wake.signal.aborted
    failures = isNew ? 1 : failures + 1
    await pause(backoff(failures, bounds), isNew ? signal : wake.signal)
  }
}

interface Ended {
  readonly why: string
  readonly lastedMs: number
}

/** One registration, from listening to the reason for its end. */
async function registered(options: RegistrationOptions, signal: AbortSignal): Promise<Ended> {
  const { kubeletDir, watch, log, onState } = options
  const [own, kubelet] = [join(kubeletDir, socketFile), join(kubeletDir, kubeletSocket)]
  const streams = new Streams()
  const address: Address = `unix://${own}`
  // Disposing ends kubelet's streams and waits for kubelet to leave: one that ends after the next registration would take that with it.
  await using _server = await serve({
    address,
    log,
    peerOf: () => undefined,
    services: [implement(DevicePlugin, devicePluginHandlers({ ...options, streams }))],
  })
  await dialOneself(address, signal)
  const [mine, its] = [inode(own), inode(kubelet)]
  const ended = Promise.withResolvers<string>()
  using _files = watch.listen(() => {
    const now = inode(kubelet)
    // Whoever has removed that as well, kubelet asks on the connection that it has, and there is no way to a new one.
    if (now === undefined) return
    if (now !== its) ended.resolve('kubelet has a new socket')
    if (inode(own) !== mine) ended.resolve('the socket of the plugin is gone')
  })
  using _stop = onAbort(signal, () => ended.resolve('stopping'))
  await unary(
    `unix://${kubelet}`,
    Registration.method.register,
    { version: 'v1beta1', endpoint: socketFile, resourceName, options: {} },
    { signal, timeoutMs: callMs },
  )
  void streams.ended.then(() => ended.resolve('kubelet ended its stream'))
  using late = timer(streamMs, () => ended.resolve('kubelet has not asked for the devices'))
  const early = await Promise.race([streams.opened, ended.promise])
  if (early !== undefined) return { why: early, lastedMs: 0 }
  late[Symbol.dispose]()
  const openedMs = performance.now()
  log.info(
    { resource: resourceName, devices: options.devices.ids.length, kubeletMs: ageMs(kubelet) },
    'registered with kubelet',
  )
  onState('registered')
  const why = await ended.promise
  onState('lost')
  return { why, lastedMs: Math.round(performance.now() - openedMs) }
}

/** Kubelet refuses a plugin that does not serve yet. */
async function dialOneself(address: Address, signal: AbortSignal): Promise<void> {
  await using channel = dial(address)
  await channel.client(DevicePlugin).getDevicePluginOptions({}, { signal, timeoutMs: callMs })
}

/** Milliseconds since a file was made: for kubelet's socket, how long kubelet has been without this plugin. */
function ageMs(path: string): number | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? undefined : Math.round(Date.now() - stat.birthtimeMs)
}

/** Inode numbers are used again at once. */
function inode(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true })
  return stat === undefined ? undefined : `${stat.ino} ${stat.birthtimeNs}`
}

function timer(ms: number, act: () => void): Disposable {
  const running = setTimeout(act, ms)
  return { [Symbol.dispose]: () => clearTimeout(running) }
}
