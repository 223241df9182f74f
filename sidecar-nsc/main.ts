import { logger } from '#runtime/logger.ts'
import { main } from '#runtime/main.ts'
import { config, waitConfig } from './config.ts'
import { run } from './run.ts'
import { wait } from './wait.ts'

if (process.argv.includes('--wait')) {
  await main({
    name: 'nsm-sidecar --wait',
    summary: 'waits until the side-car of its pod is connected.',
    config: waitConfig,
    logger,
    run: wait,
  })
} else {
  await main({
    name: 'nsm-sidecar-nsc',
    summary:
      'connects its pod to network services, keeps the connections, and closes them when it is stopped.',
    config,
    logger,
    run,
  })
}
