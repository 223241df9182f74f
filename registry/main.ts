import { logger } from '#runtime/logger.ts'
import { main } from '#runtime/main.ts'
import { config } from './config.ts'
import { run } from './run.ts'

await main({
  name: 'nsm-registry',
  summary: 'Keeps the network services and endpoints of a mesh for the managers of all nodes.',
  config,
  logger,
  run,
})
