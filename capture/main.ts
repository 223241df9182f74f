import { logger } from '#runtime/logger.ts'
import { main } from '#runtime/main.ts'
import { config } from './config.ts'
import { run } from './run.ts'

await main({
  name: 'nsm-capture',
  summary: 'Tells what packets pass at the ends of a connection, for nsm trace.',
  config,
  logger,
  run,
})
