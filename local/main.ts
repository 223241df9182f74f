import { logger } from '#runtime/logger.ts'
import { main } from '#runtime/main.ts'
import { config } from './config.ts'
import { run } from './run.ts'

await main({
  name: 'nsm-local',
  summary: 'supervisor of a mesh on one machine; started by `nsm up` in its own namespaces',
  config,
  logger,
  run,
})
// Whatever still runs dies with the PID namespace, of which this process is the purpose.
process.exit()
