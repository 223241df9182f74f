import { clientConfig } from '#init-client/config.ts'
import { setting } from '#runtime/config.ts'
import { duration, integer } from '#runtime/parse.ts'

/** What the hook reads, which waits for the side-car: `nsm-sidecar --wait`. */
export const waitConfig = {
  deadline: setting({
    env: 'NSM_DEADLINE',
    parse: duration,
    default: 0,
    doc: 'How long to wait for all connections at the start, like 5m, or 0 for ever: two pods may wait for each other.',
  }),
  probePort: setting({
    env: 'NSM_PROBE_PORT',
    parse: integer({ min: 0, max: 65_535 }),
    default: 0,
    doc: 'Port in the pod on which GET /readyz says whether it is connected; 0 serves nothing.',
  }),
}

/** What the client side-car reads from its environment; the README has the same table. */
export const config = { ...clientConfig, ...waitConfig }
