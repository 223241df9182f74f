import { logger } from '#runtime/logger.ts'
import { main } from '#runtime/main.ts'
import { config } from './config.ts'
import { run } from './run.ts'

await main({
  name: 'nsm-sidecar-nsc',
  summary: 'connects its pod to network services, keeps the connections, and closes them when it is stopped.',
  config,
  logger,
  run,
})
