import { logger } from '#runtime/logger.ts'
import { main } from '#runtime/main.ts'
import { config } from './config.ts'
import { run } from './run.ts'

await main({
  name: 'nsm-manager',
  summary:
    'Connects the pods of its node to network services: selects endpoints, and has a forwarder wire them.',
  config,
  logger,
  run,
})
