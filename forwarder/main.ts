import { logger } from '#runtime/logger.ts'
import { main } from '#runtime/main.ts'
import { config } from './config.ts'
import { limitPrivileges } from './privileges.ts'

await main({
  name: 'nsm-forwarder',
  summary: 'Joins pods by kernel interfaces, as the manager of its node asks.',
  config,
  logger,
  async run(values, signal, log) {
    await limitPrivileges(signal)
    // Only now: it is most of the program, and the process that is replaced need not load it.
    const { run } = await import('./run.ts')
    await run(values, signal, log)
  },
})
