import { logger } from '#runtime/logger.ts'
import { main } from '#runtime/main.ts'
import { config } from './config.ts'
import { run } from './run.ts'

await main({
  name: 'nsm-sidecar-nse',
  summary: 'offers network services from its pod and hands out addresses to their clients.',
  config,
  logger,
  run,
})
