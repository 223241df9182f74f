import { livenessKey } from '#sdk/wire/liveness.ts'
import type { ClientConfig } from './config.ts'

/** What a context says of probes; nothing of what was not set, which the forwarder then decides. */
export function livenessOf(
  settings: Pick<ClientConfig, 'livenessCheck' | 'livenessInterval' | 'livenessLoss'>,
): Readonly<Record<string, string>> {
  const { livenessCheck: check, livenessInterval: interval, livenessLoss: loss } = settings
  return {
    ...(check === '' ? {} : { [livenessKey.check]: check }),
    ...(interval === 0 ? {} : { [livenessKey.interval]: `${interval}ms` }),
    ...(loss === 0 ? {} : { [livenessKey.loss]: String(loss) }),
  }
}
