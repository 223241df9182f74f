import { logger } from '#runtime/logger.ts'
import { main } from '#runtime/main.ts'
import { config } from './config.ts'
import { run } from './run.ts'

await main({
  name: 'nsm-forwarder',
  summary: 'Joins pods by kernel interfaces, as the manager of its node asks.',
  config,
  logger,
  run,
})
