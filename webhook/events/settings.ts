import { setting } from '#runtime/config.ts'
import { flag } from '#runtime/parse.ts'

/** What the Events read from the environment; rows of the webhook's table. */
export const eventSettings = {
  events: setting({
    env: 'NSM_WEBHOOK_EVENTS',
    parse: flag,
    default: true,
    doc: 'Whether Events on controllers and workloads say what was injected, skipped or refused.',
  }),
}
