import { logger } from '#runtime/logger.ts'
import { main } from '#runtime/main.ts'
import { config } from './config.ts'
import { run } from './run.ts'

await main({
  name: 'nsm-issuer',
  summary:
    'Certifies the managers of a cluster for each other: a service account token that is bound to a pod names the node.',
  config,
  logger,
  run,
})
