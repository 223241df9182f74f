import { logger } from '#runtime/logger.ts'
import { main } from '#runtime/main.ts'
import { config } from './config.ts'
import { run } from './run.ts'

await main({
  name: 'nsm-device-plugin',
  summary: 'Gives containers that ask kubelet for networkservicemesh.io/socket a workspace of their own.',
  config,
  logger,
  run,
})
