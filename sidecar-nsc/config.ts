import { clientConfig } from '#init-client/config.ts'
import { setting } from '#runtime/config.ts'
import { duration } from '#runtime/parse.ts'

/** What the client side-car reads from its environment; the README has the same table. */
export const config = {
  ...clientConfig,
  deadline: setting({
    env: 'NSM_DEADLINE',
    parse: duration,
    default: 0,
    doc: 'How long to wait for all connections at the start, like 5m, or 0 for ever: two pods may wait for each other.',
  }),
}
