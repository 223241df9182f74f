import { resolve } from 'node:path'
import { toNsmError } from '#kernel/errors.ts'
import { netlinkKernel } from '#kernel/netlink.ts'
import type { Config } from '#runtime/config.ts'
import { keepRegistered } from '#sdk/forwarder/keep-registered.ts'
import type { Log } from '#sdk/log.ts'
import type { config } from './config.ts'
import { startForwarder } from './forwarder.ts'
import { findKeys } from './keys.ts'
import { leave } from './leave.ts'
import { mechanismsOf } from './mechanisms.ts'
import { offeredTunnels } from './offer.ts'
import { ownUser } from './peer.ts'
import { WorkCounters } from './work-counters.ts'

/**
 * Serves the manager of the node until the signal aborts. Throws ALREADY_EXISTS when another forwarder serves the
 * socket, and KERNEL when a capability is missing.
 */
export async function run(values: Config<typeof config>, signal: AbortSignal, log: Log): Promise<void> {
  const socket = resolve(values.baseDirectory, values.socket || `nsm-${values.name}.forwarder.sock`)
  const registrar = resolve(values.baseDirectory, values.registrarSocket || 'nsm.forwarder-registrar.io.sock')
  const stop = new AbortController()
  const serving = AbortSignal.any([signal, stop.signal])
  try {
    const counters = new WorkCounters()
    using kernel = netlinkKernel({ proc: values.proc, sent: counters.sent })
    if (values.leave) {
      const { baseDirectory, metricsAddress: metrics } = values
      return await leave({ kernel, baseDirectory, metrics, log }, serving)
    }
    const keys = findKeys(kernel)
    const mechanisms = mechanismsOf(...offeredTunnels(kernel, { ...values, keys }, log))
    const parts = {
      kernel,
      keys,
      mechanisms,
      counters,
      metrics: values.metricsAddress,
      address: `unix://${socket}`,
      peerOf: ownUser,
      probing: {
        whose: values.livenessCheck,
        intervalMs: values.livenessInterval,
        loss: values.livenessLoss,
      },
      log,
    } as const
    await using forwarder = await startForwarder(parts)
    const { name: forwarderName, labels } = values
    const request = { forwarderName, forwarderSocket: socket, mechanisms, labels: { ...labels } }
    const registered = keepRegistered({ registrar: `unix://${registrar}`, request }, serving, log)
    try {
      await Promise.race([registered, forwarder.following])
    } finally {
      stop.abort()
      await registered
    }
  } catch (cause) {
    throw toNsmError(cause)
  }
}
